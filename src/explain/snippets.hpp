// The few instructions that edits are made of.
#pragma once

#include "isa/instruction.hpp"

namespace skep::explain {

inline isa::Instruction move(u8 dst, u8 src) {
  isa::Instruction i;
  i.form = isa::Form::alu;
  i.operation = static_cast<u8>(isa::Alu::mov);
  i.source = isa::Source::reg;
  i.dst = dst;
  i.src = src;
  return i;
}

inline isa::Instruction with_number(isa::Alu operation, u8 dst, s64 number) {
  isa::Instruction i;
  i.form = isa::Form::alu;
  i.operation = static_cast<u8>(operation);
  i.dst = dst;
  i.immediate = number;
  return i;
}
inline isa::Instruction set(u8 dst, s64 number) { return with_number(isa::Alu::mov, dst, number); }
inline isa::Instruction add_constant(u8 dst, s64 number) {
  return with_number(isa::Alu::add, dst, number);
}

inline isa::Instruction load(u8 dst, u8 base, s16 offset, isa::Width width) {
  isa::Instruction i;
  i.form = isa::Form::load;
  i.width = width;
  i.dst = dst;
  i.src = base;
  i.offset = offset;
  return i;
}

inline isa::Instruction store_zero(s16 offset) {
  isa::Instruction i;
  i.form = isa::Form::store;
  i.dst = isa::kFramePointer;
  i.offset = offset;
  return i;
}

inline isa::Instruction call_helper(u16 id) {
  isa::Instruction i;
  i.form = isa::Form::call;
  i.operation = static_cast<u8>(isa::Call::helper);
  i.immediate = id;
  return i;
}

// Jumps inside of `more` count from its own first instruction.
inline void append(isa::Code& code, const isa::Code& more) {
  const auto first = static_cast<u32>(code.size());
  for (isa::Instruction i : more) {
    if (i.form == isa::Form::jump) i.target = isa::InstructionIndex(i.target.value() + first);
    code.push_back(i);
  }
}

// `if (!(r RELATION number)) return returned;`
inline isa::Code leave_unless(isa::Jump relation, u8 r, s64 number, s64 returned) {
  isa::Instruction jump, leave;
  jump.form = isa::Form::jump;
  jump.operation = static_cast<u8>(relation);
  jump.dst = r;
  jump.immediate = number;
  jump.target = isa::InstructionIndex(3);
  leave.form = isa::Form::exit;
  return {jump, set(isa::kR0, returned), leave};
}

inline isa::Code leave_unless_register(isa::Jump relation, u8 r, u8 other, s64 returned) {
  isa::Code code = leave_unless(relation, r, 0, returned);
  code[0].source = isa::Source::reg;
  code[0].src = other;
  return code;
}

}  // namespace skep::explain
