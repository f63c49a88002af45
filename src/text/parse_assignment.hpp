// Instructions that assign to a register: arithmetic, loads, wide constants, atomics with a result.
#pragma once

#include "text/parse.hpp"

namespace skep::text {

// An atomic operation without its operands.
constexpr isa::Instruction atomic_instruction(isa::Atomic operation) {
  return {.form = isa::Form::atomic,
          .operation = static_cast<u8>(operation),
          .source = isa::Source::reg};
}
inline Error wrong_atomic_width(const Token& type) {
  return error_at(type.place, "atomic operations are on u32 or u64");
}

// `cursor` stands at the register that is assigned.
Result<Parsed> parse_assignment(Cursor& cursor);

}  // namespace skep::text
