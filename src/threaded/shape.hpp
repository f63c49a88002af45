// What a handler is made for: everything about an operation that is known when a program is bound,
// but for the numbers in its Step.
//
// Shapes are numbered without gaps, family by family, so that handlers stand in a table. A shape
// that no operation has takes a number and no handler (exists()).
#pragma once

#include "base/enum_array.hpp"
#include "isa/tables.hpp"
#include "jit/operation.hpp"

namespace skep::threaded {

enum class Family : u8 {
  binary,    // dst = left ALU right; rotate is one of them
  unary,     // dst = ALU left
  constant,  // dst = wide
  load,      // row: a Load
  store,     // row: a Place
  branch,    // to the Step in `wide`
  select,    // variant: a Moved
  atomic,    // variant: whether other threads see it
  packet_load,
  array_lookup,  // row: a Key; variant: whether it is per CPU
  map_lookup,
  fill,
  copy,
  jump,
  may_goto,
  call_helper,
  call_indirect,
  call_local,
  tail_call,
  throw_exception,
  pay,  // where a block begins of a run that has a budget
  exit,
  count_
};

// Where two operands come from. `last` is the value that was computed last.
enum class Operands : u8 { reg_reg, reg_number, last_reg, last_number, reg_last, count_ };
enum class Load : u8 { zero, sign, swapped, count_ };
enum class Place : u8 { base, base_index, absolute, last, last_index, base_last, count_ };
enum class Stored : u8 { reg, number, last, count_ };
enum class Moved : u8 { reg, number, last, count_ };
enum class Keeps : u8 { no, yes, count_ };  // whether the result goes to the State

// Rows beyond those of the instruction tables.
inline constexpr u8 kRotate = kCount<isa::Alu>;
inline constexpr u8 kUnset = kCount<isa::Jump>;  // the opposite of `set`

struct Shape {
  Family family = Family::exit;
  u8 row = 0;
  u8 width = 0;  // an isa::Width; where operations have only the two wide ones, 0 is w32
  u8 operands = 0;
  u8 variant = 0;
};

// How many there are of each.
struct Radix {
  u8 rows = 1, widths = 1, operands = 1, variants = 1;
  constexpr u32 shapes() const { return u32{rows} * widths * operands * variants; }
};

inline constexpr EnumArray<Family, Radix> kRadix({
    {Family::binary, {kRotate + 1, 2, kCount<Operands>, kCount<Keeps>}},
    {Family::unary, {kCount<isa::Alu>, 3, 2, kCount<Keeps>}},
    {Family::constant, {1, 1, 1, kCount<Keeps>}},
    {Family::load, {kCount<Load>, 4, kCount<Place>, kCount<Keeps>}},
    {Family::store, {kCount<Place>, 4, kCount<Stored>, 1}},
    {Family::branch, {kUnset + 1, 2, kCount<Operands>, 1}},
    {Family::select, {kUnset + 1, 2, 2, kCount<Moved>}},
    {Family::atomic, {kCount<isa::Atomic>, 4, 1, 2}},
    {Family::packet_load, {1, 4, 1, 1}},
    {Family::array_lookup, {3, 1, 1, 2}},
    {Family::map_lookup, {}},
    {Family::fill, {}},
    {Family::copy, {}},
    {Family::jump, {}},
    {Family::may_goto, {}},
    {Family::call_helper, {}},
    {Family::call_indirect, {}},
    {Family::call_local, {}},
    {Family::tail_call, {}},
    {Family::throw_exception, {}},
    {Family::pay, {}},
    {Family::exit, {}},
});

// The number of the first shape of each family.
inline constexpr auto kFirst = [] {
  std::array<u32, kCount<Family> + 1> out{};
  for (u32 at = 0; at < kCount<Family>; ++at)
    out[at + 1] = out[at] + kRadix[static_cast<Family>(at)].shapes();
  return out;
}();
inline constexpr u32 kShapes = kFirst[kCount<Family>];

using Code = u16;  // the number of a shape

constexpr Code code_of(const Shape& shape) {
  const Radix& radix = kRadix[shape.family];
  const u32 row = shape.row * radix.widths + shape.width;
  return static_cast<Code>(kFirst[static_cast<u32>(shape.family)] +
                           (row * radix.operands + shape.operands) * radix.variants +
                           shape.variant);
}

constexpr Shape shape_of(u32 code) {
  u32 family = 0;
  while (kFirst[family + 1] <= code) ++family;
  const Radix& radix = kRadix[static_cast<Family>(family)];
  u32 rest = code - kFirst[family];
  Shape out{.family = static_cast<Family>(family)};
  out.variant = static_cast<u8>(rest % radix.variants), rest /= radix.variants;
  out.operands = static_cast<u8>(rest % radix.operands), rest /= radix.operands;
  out.width = static_cast<u8>(rest % radix.widths), rest /= radix.widths;
  out.row = static_cast<u8>(rest);
  return out;
}
static_assert(code_of(shape_of(77)) == 77 && code_of(shape_of(kShapes - 1)) == kShapes - 1);

constexpr bool is_unary(isa::Alu alu) {
  return alu == isa::Alu::mov || isa::kAlu[alu].operands != isa::Operands::binary;
}

// Whether any operation has this shape.
constexpr bool exists(const Shape& shape) {
  const auto alu = static_cast<isa::Alu>(shape.row);
  switch (shape.family) {
    case Family::binary:
      if (shape.row == kRotate) return (shape.operands & 1) != 0;  // by a number
      return !is_unary(alu);
    case Family::unary:
      if (!is_unary(alu)) return false;
      return shape.width != 0 || isa::kAlu[alu].operands == isa::Operands::byte_order;
    case Family::load:
      return static_cast<Load>(shape.row) == Load::zero ||
             shape.width != static_cast<u8>(static_cast<Load>(shape.row) == Load::sign
                                                ? isa::Width::w64
                                                : isa::Width::w8);
    case Family::branch: return shape.operands != static_cast<u8>(Operands::reg_last);
    case Family::store: return shape.row < static_cast<u8>(Place::last);
    case Family::atomic: {
      const auto operation = static_cast<isa::Atomic>(shape.row);
      return shape.width >= static_cast<u8>(isa::Width::w32) ||
             operation == isa::Atomic::load_acquire || operation == isa::Atomic::store_release;
    }
    case Family::packet_load: return shape.width != static_cast<u8>(isa::Width::w64);
    default: return true;
  }
}

}  // namespace skep::threaded
