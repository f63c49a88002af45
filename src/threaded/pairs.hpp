// Pairs of operations that have a handler of their own.
//
// What follows another one in the same block needs no jump to its handler when one handler does
// both. The pairs are those that programs run most often: counted over the benchmark set, each
// program for the same time, loops and calls left out. A pair is a row here and nothing else:
// its handler is made of the bodies of both.
#pragma once

#include "threaded/shape.hpp"

namespace skep::threaded {

struct Pair {
  Shape first;
  Shape second;
};

namespace detail {

using isa::Alu;
using isa::Jump;
using isa::Width;

constexpr u8 wide(Width width) { return width == Width::w64 ? 1 : 0; }

constexpr Shape binary(u8 row, Width width, Operands operands, Keeps keeps) {
  return {Family::binary, row, wide(width), static_cast<u8>(operands), static_cast<u8>(keeps)};
}
constexpr Shape alu(Alu alu, Width width, Operands operands, Keeps keeps) {
  return binary(static_cast<u8>(alu), width, operands, keeps);
}
constexpr Shape rotate(Width width, Operands operands, Keeps keeps) {
  return binary(kRotate, width, operands, keeps);
}
constexpr Shape move(Width width, Keeps keeps) {
  return {Family::unary, static_cast<u8>(Alu::mov), static_cast<u8>(1 + wide(width)), 0,
          static_cast<u8>(keeps)};
}
constexpr Shape load(Load load, Width width, Place place, Keeps keeps) {
  return {Family::load, static_cast<u8>(load), static_cast<u8>(width), static_cast<u8>(place),
          static_cast<u8>(keeps)};
}
constexpr Shape store(Width width, Stored stored) {
  return {Family::store, static_cast<u8>(Place::base), static_cast<u8>(width),
          static_cast<u8>(stored), 0};
}
constexpr Shape branch(Jump jump, Width width, Operands operands) {
  return {Family::branch, static_cast<u8>(jump), wide(width), static_cast<u8>(operands), 0};
}

// clang-format off
inline constexpr Pair kPairs[] = {
    {alu(Alu::add, Width::w64, Operands::reg_number, Keeps::yes), move(Width::w32, Keeps::yes)},
    {alu(Alu::add, Width::w64, Operands::reg_number, Keeps::yes), branch(Jump::ne, Width::w64, Operands::last_number)},
    {alu(Alu::mul, Width::w64, Operands::last_reg, Keeps::yes), alu(Alu::add, Width::w64, Operands::reg_number, Keeps::yes)},
    {alu(Alu::xor_, Width::w64, Operands::last_reg, Keeps::no), alu(Alu::mul, Width::w64, Operands::last_reg, Keeps::yes)},
    {load(Load::zero, Width::w8, Place::base_index, Keeps::no), alu(Alu::xor_, Width::w64, Operands::last_reg, Keeps::no)},
    {load(Load::zero, Width::w32, Place::base, Keeps::no), alu(Alu::add, Width::w32, Operands::last_reg, Keeps::yes)},
    {move(Width::w32, Keeps::yes), branch(Jump::ne, Width::w64, Operands::reg_number)},
    {alu(Alu::add, Width::w64, Operands::reg_number, Keeps::yes), alu(Alu::add, Width::w64, Operands::reg_number, Keeps::yes)},
    {move(Width::w64, Keeps::yes), move(Width::w64, Keeps::yes)},
    {alu(Alu::add, Width::w32, Operands::last_reg, Keeps::yes), load(Load::zero, Width::w32, Place::base, Keeps::no)},
    {alu(Alu::add, Width::w32, Operands::reg_number, Keeps::yes), move(Width::w64, Keeps::yes)},
    {move(Width::w64, Keeps::yes), branch(Jump::ne, Width::w32, Operands::reg_number)},
    {alu(Alu::add, Width::w32, Operands::last_reg, Keeps::yes), alu(Alu::add, Width::w64, Operands::reg_number, Keeps::yes)},
    {alu(Alu::add, Width::w64, Operands::reg_number, Keeps::yes), branch(Jump::eq, Width::w64, Operands::last_number)},
    {alu(Alu::mod, Width::w32, Operands::last_number, Keeps::yes), branch(Jump::sgt, Width::w32, Operands::last_number)},
    {load(Load::zero, Width::w8, Place::base_index, Keeps::no), alu(Alu::mod, Width::w32, Operands::last_number, Keeps::yes)},
    {alu(Alu::add, Width::w64, Operands::last_reg, Keeps::yes), alu(Alu::add, Width::w32, Operands::reg_number, Keeps::yes)},
    {store(Width::w64, Stored::last), load(Load::zero, Width::w64, Place::base, Keeps::no)},
    {alu(Alu::mul, Width::w32, Operands::reg_number, Keeps::no), alu(Alu::add, Width::w32, Operands::last_reg, Keeps::yes)},
    {load(Load::zero, Width::w32, Place::base, Keeps::yes), branch(Jump::ge, Width::w32, Operands::last_reg)},
    {move(Width::w32, Keeps::yes), branch(Jump::ge, Width::w64, Operands::reg_reg)},
    {alu(Alu::add, Width::w64, Operands::last_reg, Keeps::no), store(Width::w64, Stored::last)},
    {alu(Alu::xor_, Width::w64, Operands::last_reg, Keeps::no), alu(Alu::add, Width::w64, Operands::last_reg, Keeps::yes)},
    {alu(Alu::xor_, Width::w64, Operands::last_reg, Keeps::yes), rotate(Width::w64, Operands::last_number, Keeps::yes)},
    {load(Load::zero, Width::w32, Place::absolute, Keeps::no), alu(Alu::xor_, Width::w32, Operands::last_reg, Keeps::yes)},
    {alu(Alu::add, Width::w64, Operands::last_reg, Keeps::no), alu(Alu::add, Width::w64, Operands::last_reg, Keeps::yes)},
    {alu(Alu::add, Width::w64, Operands::last_number, Keeps::no), branch(Jump::gt, Width::w64, Operands::last_reg)},
    {alu(Alu::add, Width::w64, Operands::reg_reg, Keeps::yes), alu(Alu::add, Width::w64, Operands::last_number, Keeps::no)},
    {load(Load::zero, Width::w8, Place::base, Keeps::yes), branch(Jump::eq, Width::w32, Operands::last_number)},
    {alu(Alu::mul, Width::w64, Operands::reg_reg, Keeps::no), alu(Alu::add, Width::w64, Operands::last_reg, Keeps::yes)},
    {load(Load::zero, Width::w64, Place::base, Keeps::no), store(Width::w64, Stored::last)},
    {load(Load::zero, Width::w32, Place::base_index, Keeps::yes), alu(Alu::mul, Width::w32, Operands::reg_number, Keeps::no)},
    {alu(Alu::add, Width::w64, Operands::reg_reg, Keeps::yes), alu(Alu::xor_, Width::w64, Operands::last_reg, Keeps::yes)},
    {alu(Alu::add, Width::w32, Operands::reg_reg, Keeps::yes), branch(Jump::gt, Width::w32, Operands::reg_number)},
    {alu(Alu::add, Width::w32, Operands::reg_number, Keeps::yes), branch(Jump::lt, Width::w32, Operands::reg_number)},
    {alu(Alu::rsh, Width::w64, Operands::reg_number, Keeps::no), alu(Alu::mod, Width::w32, Operands::last_reg, Keeps::no)},
    {alu(Alu::add, Width::w64, Operands::last_reg, Keeps::yes), alu(Alu::lsh, Width::w64, Operands::last_number, Keeps::no)},
    {alu(Alu::xor_, Width::w64, Operands::last_reg, Keeps::yes), alu(Alu::add, Width::w32, Operands::reg_number, Keeps::yes)},
    {alu(Alu::add, Width::w32, Operands::reg_number, Keeps::yes), alu(Alu::and_, Width::w32, Operands::last_number, Keeps::no)},
    {alu(Alu::mod, Width::w32, Operands::last_reg, Keeps::no), alu(Alu::add, Width::w64, Operands::last_reg, Keeps::no)},
    {alu(Alu::rsh, Width::w64, Operands::reg_last, Keeps::yes), alu(Alu::or_, Width::w32, Operands::reg_number, Keeps::no)},
    {alu(Alu::and_, Width::w32, Operands::last_number, Keeps::no), alu(Alu::rsh, Width::w64, Operands::reg_last, Keeps::yes)},
    {alu(Alu::or_, Width::w32, Operands::reg_number, Keeps::no), alu(Alu::div, Width::w64, Operands::reg_last, Keeps::yes)},
    {alu(Alu::div, Width::w64, Operands::reg_last, Keeps::yes), alu(Alu::rsh, Width::w64, Operands::reg_number, Keeps::no)},
    {alu(Alu::lsh, Width::w64, Operands::last_number, Keeps::no), alu(Alu::xor_, Width::w64, Operands::last_reg, Keeps::yes)},
    {move(Width::w32, Keeps::yes), branch(Jump::ne, Width::w32, Operands::reg_number)},
    {move(Width::w64, Keeps::yes), branch(Jump::lt, Width::w64, Operands::reg_number)},
    {load(Load::swapped, Width::w16, Place::base_index, Keeps::yes), alu(Alu::rsh, Width::w64, Operands::reg_number, Keeps::no)},
    {load(Load::swapped, Width::w32, Place::base_index, Keeps::no), alu(Alu::xor_, Width::w64, Operands::last_reg, Keeps::yes)},
    {load(Load::swapped, Width::w64, Place::base_index, Keeps::no), alu(Alu::rsh, Width::w64, Operands::last_reg, Keeps::no)},
    {alu(Alu::add, Width::w64, Operands::last_reg, Keeps::yes), alu(Alu::add, Width::w64, Operands::reg_number, Keeps::yes)},
    {alu(Alu::add, Width::w64, Operands::last_reg, Keeps::yes), load(Load::swapped, Width::w32, Place::base_index, Keeps::no)},
    {alu(Alu::rsh, Width::w64, Operands::last_reg, Keeps::no), alu(Alu::add, Width::w64, Operands::last_reg, Keeps::yes)},
    {alu(Alu::xor_, Width::w64, Operands::last_reg, Keeps::yes), load(Load::swapped, Width::w64, Place::base_index, Keeps::no)},
    {alu(Alu::rsh, Width::w64, Operands::reg_number, Keeps::no), alu(Alu::xor_, Width::w64, Operands::last_reg, Keeps::no)},
    {alu(Alu::add, Width::w64, Operands::reg_number, Keeps::yes), move(Width::w64, Keeps::yes)},
    {store(Width::w32, Stored::reg), store(Width::w32, Stored::reg)},
    {load(Load::zero, Width::w64, Place::base, Keeps::no), alu(Alu::add, Width::w64, Operands::last_reg, Keeps::no)},
    {alu(Alu::xor_, Width::w64, Operands::last_reg, Keeps::yes), alu(Alu::add, Width::w64, Operands::reg_reg, Keeps::yes)},
    {alu(Alu::add, Width::w32, Operands::last_reg, Keeps::no), alu(Alu::add, Width::w32, Operands::last_reg, Keeps::no)},
    {load(Load::zero, Width::w32, Place::base, Keeps::no), store(Width::w32, Stored::last)},
    {alu(Alu::and_, Width::w32, Operands::reg_number, Keeps::yes), load(Load::zero, Width::w32, Place::absolute, Keeps::no)},
    {alu(Alu::mul, Width::w32, Operands::reg_number, Keeps::yes), load(Load::zero, Width::w32, Place::base, Keeps::no)},
    {load(Load::zero, Width::w32, Place::absolute, Keeps::no), branch(Jump::gt, Width::w32, Operands::last_reg)},
    {alu(Alu::add, Width::w64, Operands::last_number, Keeps::no), store(Width::w64, Stored::last)},
    {load(Load::zero, Width::w8, Place::base_last, Keeps::yes), alu(Alu::and_, Width::w32, Operands::reg_number, Keeps::no)},
    {alu(Alu::and_, Width::w32, Operands::reg_number, Keeps::no), alu(Alu::xor_, Width::w32, Operands::last_reg, Keeps::yes)},
    {alu(Alu::and_, Width::w64, Operands::reg_number, Keeps::no), load(Load::zero, Width::w8, Place::base_last, Keeps::yes)},
    {store(Width::w64, Stored::last), alu(Alu::mul, Width::w32, Operands::reg_number, Keeps::yes)},
    {alu(Alu::xor_, Width::w32, Operands::last_reg, Keeps::yes), store(Width::w32, Stored::last)},
    {load(Load::zero, Width::w64, Place::base, Keeps::no), alu(Alu::add, Width::w64, Operands::last_number, Keeps::no)},
    {load(Load::zero, Width::w64, Place::base, Keeps::no), alu(Alu::add, Width::w64, Operands::last_reg, Keeps::yes)},
    {rotate(Width::w64, Operands::reg_number, Keeps::no), alu(Alu::xor_, Width::w64, Operands::last_reg, Keeps::yes)},
    {alu(Alu::add, Width::w64, Operands::last_reg, Keeps::yes), alu(Alu::xor_, Width::w64, Operands::last_reg, Keeps::yes)},
    {rotate(Width::w64, Operands::reg_number, Keeps::yes), rotate(Width::w64, Operands::reg_number, Keeps::no)},
    {alu(Alu::add, Width::w32, Operands::last_reg, Keeps::no), alu(Alu::add, Width::w32, Operands::last_reg, Keeps::yes)},
    {rotate(Width::w64, Operands::last_number, Keeps::yes), rotate(Width::w64, Operands::reg_number, Keeps::yes)},
    {rotate(Width::w64, Operands::reg_number, Keeps::no), alu(Alu::add, Width::w64, Operands::last_reg, Keeps::yes)},
    {store(Width::w64, Stored::last), alu(Alu::add, Width::w64, Operands::reg_number, Keeps::yes)},
    {load(Load::zero, Width::w8, Place::base_index, Keeps::no), alu(Alu::xor_, Width::w32, Operands::last_reg, Keeps::yes)},
    {alu(Alu::xor_, Width::w32, Operands::last_reg, Keeps::yes), alu(Alu::and_, Width::w32, Operands::last_number, Keeps::yes)},
    {alu(Alu::xor_, Width::w32, Operands::last_reg, Keeps::yes), alu(Alu::add, Width::w64, Operands::reg_number, Keeps::yes)},
    {alu(Alu::and_, Width::w32, Operands::last_number, Keeps::yes), alu(Alu::rsh, Width::w32, Operands::reg_number, Keeps::yes)},
    {alu(Alu::xor_, Width::w32, Operands::last_reg, Keeps::yes), alu(Alu::rsh, Width::w32, Operands::last_number, Keeps::yes)},
    {alu(Alu::rsh, Width::w32, Operands::reg_number, Keeps::yes), load(Load::zero, Width::w32, Place::absolute, Keeps::no)},
    {alu(Alu::rsh, Width::w32, Operands::last_number, Keeps::yes), alu(Alu::and_, Width::w32, Operands::reg_number, Keeps::yes)},
    {alu(Alu::add, Width::w64, Operands::last_reg, Keeps::yes), load(Load::zero, Width::w32, Place::base, Keeps::no)},
    {alu(Alu::mul, Width::w64, Operands::last_reg, Keeps::no), store(Width::w32, Stored::reg)},
    {alu(Alu::add, Width::w64, Operands::last_reg, Keeps::yes), load(Load::zero, Width::w8, Place::base, Keeps::no)},
    {load(Load::zero, Width::w8, Place::base, Keeps::no), alu(Alu::add, Width::w64, Operands::last_reg, Keeps::yes)},
    {load(Load::zero, Width::w64, Place::base, Keeps::no), alu(Alu::mul, Width::w64, Operands::last_number, Keeps::yes)},
    {alu(Alu::add, Width::w64, Operands::reg_reg, Keeps::yes), alu(Alu::add, Width::w32, Operands::reg_number, Keeps::yes)},
    {store(Width::w32, Stored::reg), store(Width::w64, Stored::reg)},
    {store(Width::w64, Stored::last), store(Width::w64, Stored::last)},
    {store(Width::w64, Stored::reg), store(Width::w64, Stored::last)},
    {load(Load::zero, Width::w32, Place::base, Keeps::no), alu(Alu::add, Width::w64, Operands::last_reg, Keeps::yes)},
};
// clang-format on

}  // namespace detail

using detail::kPairs;

// The first of a pair only goes on to the second.
static_assert([] {
  for (const Pair& pair : kPairs) {
    if (!exists(pair.first) || !exists(pair.second)) return false;
    if (pair.first.family > Family::store) return false;
  }
  return true;
}());

}  // namespace skep::threaded
