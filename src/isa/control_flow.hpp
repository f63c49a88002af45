// Where control can go from an instruction: the edges that the verifier, the JITs and the
// disassembler walk.
#pragma once

#include <array>
#include <span>

#include "isa/instruction.hpp"

namespace skep::isa {

constexpr bool is_conditional(const Instruction& i) {
  return i.form == Form::jump || i.form == Form::may_goto;
}
constexpr bool has_jump_target(const Instruction& i) {
  return is_conditional(i) || i.form == Form::jump_always;
}
constexpr bool falls_through(const Instruction& i) {
  return i.form != Form::exit && i.form != Form::jump_always;
}
constexpr bool is_local_call(const Instruction& i) {
  return i.form == Form::call && i.call() == Call::local;
}

// The successors inside one function: calls go on behind themselves.
struct Successors {
  std::array<InstructionIndex, 2> targets{};
  u32 count = 0;

  constexpr auto begin() const { return targets.begin(); }
  constexpr auto end() const { return targets.begin() + count; }
};

constexpr Successors successors(std::span<const Instruction> code, InstructionIndex at) {
  Successors out;
  const Instruction& i = code[at.value()];
  if (falls_through(i)) out.targets[out.count++] = at.next();
  if (has_jump_target(i)) out.targets[out.count++] = i.target;
  return out;
}

}  // namespace skep::isa
