// The compact form that the interpreter runs: one Step of 16 bytes an instruction.
//
// A Step's code says everything that is known when a program is bound: form, operation, width and
// kind of operand. There are fewer than 256 of them, and they are numbered from the instruction
// tables, so that the machine can bind each code's row of a table as a constant (machine.hpp). Wide
// constants are resolved, helpers are addresses, jumps are distances in Steps.
#pragma once

#include <algorithm>
#include <array>

#include "base/enum_array.hpp"
#include "isa/tables.hpp"

namespace skep::interpret {

struct Step {
  u8 code = 0;
  u8 dst = 0;
  u8 src = 0;
  u8 charge = 0;   // fuel for the block that begins here; 0 inside of a block (fuel.hpp)
  s32 offset = 0;  // of memory accesses, in bytes; of jumps and local calls, in Steps from here
  // Of helper calls: the address of the body. Of loads and atomic operations: what is added to the
  // address, which is half a one in an arena; of casts to user space: the other half.
  u64 immediate = 0;
};
static_assert(sizeof(Step) == 16);

// What a code stands for. A variant is a width, or a width and a source.
struct Shape {
  isa::Form form;
  u8 operation;
  u8 variant;

  // Of alu (not of byte orders) and jumps.
  constexpr isa::Width width() const {
    return (variant & 2) != 0 ? isa::Width::w64 : isa::Width::w32;
  }
  constexpr isa::Source source() const { return static_cast<isa::Source>(variant & 1); }
  // Of loads, stores, atomics, packet loads and byte orders.
  constexpr isa::Width memory_width() const { return static_cast<isa::Width>(variant & 3); }
  constexpr isa::Source stored() const { return static_cast<isa::Source>(variant >> 2); }
};

// How many codes a form has: operations times variants.
struct Codes {
  u8 operations;
  u8 variants;
};

inline constexpr u8 kWidths = kCount<isa::Width>;
// Control transfers that are written as calls: helper 12, and bpf_throw().
inline constexpr u8 kTailCall = kCount<isa::Call>, kThrow = kTailCall + 1;
inline constexpr u8 kIntoArena = 1;  // a store's operation: its immediate is the value

inline constexpr EnumArray<isa::Form, Codes> kCodes({
    {isa::Form::alu, {kCount<isa::Alu>, 4}},
    {isa::Form::constant, {1, 1}},
    {isa::Form::load, {1, kWidths}},
    {isa::Form::load_signed, {1, kWidths}},
    {isa::Form::store, {kIntoArena + 1, 2 * kWidths}},
    {isa::Form::atomic, {kCount<isa::Atomic>, kWidths}},
    {isa::Form::packet_load, {kCount<isa::Packet>, kWidths}},
    {isa::Form::jump, {kCount<isa::Jump>, 4}},
    {isa::Form::jump_always, {1, 1}},
    {isa::Form::may_goto, {1, 1}},
    {isa::Form::call, {kThrow + 1, 1}},
    {isa::Form::exit, {1, 1}},
    {isa::Form::address_space_cast, {1, 1}},  // to user space: the others are moves when verified
    {isa::Form::unknown, {0, 1}},  // not run: the verifier and check_confinable() refuse it
});

constexpr u32 first_code(isa::Form form) {
  u32 first = 0;
  for (u32 before = 0; before < static_cast<u32>(form); ++before) {
    const Codes& codes = kCodes[static_cast<isa::Form>(before)];
    first += codes.operations * codes.variants;
  }
  return first;
}
inline constexpr u32 kCodesUsed = first_code(isa::Form::count_);
static_assert(kCodesUsed <= 256);

constexpr Shape shape_of(u32 code) {
  u32 form = 0;
  while (form + 1 < kCount<isa::Form> && first_code(static_cast<isa::Form>(form + 1)) <= code) {
    ++form;
  }
  const u32 at = code - first_code(static_cast<isa::Form>(form));
  const u32 variants = kCodes[static_cast<isa::Form>(form)].variants;
  return {static_cast<isa::Form>(form), static_cast<u8>(at / variants),
          static_cast<u8>(at % variants)};
}

constexpr Shape shape_of(const isa::Instruction& i) {
  using isa::Form;
  Shape shape{i.form, i.operation, 0};
  const auto source = static_cast<u8>(i.source);
  const auto width = static_cast<u8>(i.width);
  switch (i.form) {
    case Form::alu:
      shape.variant = isa::kAlu[i.alu()].operands == isa::Operands::byte_order
                          ? static_cast<u8>(i.immediate == 16   ? 1
                                            : i.immediate == 32 ? 2
                                                                : 3)
                          : static_cast<u8>((i.width == isa::Width::w64 ? 2 : 0) + source);
      break;
    case Form::jump:
      shape.variant = static_cast<u8>((i.width == isa::Width::w64 ? 2 : 0) + source);
      break;
    case Form::store: shape.variant = static_cast<u8>(width + 4 * source); break;
    case Form::load:
    case Form::load_signed:
    case Form::atomic:
    case Form::packet_load: shape.variant = width; break;
    case Form::constant:
    case Form::address_space_cast: shape.operation = 0; break;  // resolved when bound
    case Form::call:
    case Form::jump_always:
    case Form::may_goto:
    case Form::exit:
    case Form::unknown:
    case Form::count_: break;
  }
  return shape;
}

constexpr u8 code_of(Shape shape) {
  return static_cast<u8>(first_code(shape.form) + shape.operation * kCodes[shape.form].variants +
                         shape.variant);
}
static_assert(code_of(shape_of(77)) == 77 && code_of(shape_of(200)) == 200);

}  // namespace skep::interpret
