// Instructions as C++ expressions, and programs of them, for the tests of the engines.
#pragma once

#include <initializer_list>

#include "isa/control_flow.hpp"
#include "isa/tables.hpp"

namespace skep::engines {

using namespace skep::isa;

inline Instruction alu(Alu op, u8 dst, s64 immediate, Width width = Width::w64) {
  return {.form = Form::alu,
          .operation = static_cast<u8>(op),
          .width = width,
          .dst = dst,
          .immediate = immediate};
}
inline Instruction alu_reg(Alu op, u8 dst, u8 src, Width width = Width::w64) {
  return {.form = Form::alu,
          .operation = static_cast<u8>(op),
          .width = width,
          .source = Source::reg,
          .dst = dst,
          .src = src};
}
inline Instruction mov(u8 dst, s64 immediate) { return alu(Alu::mov, dst, immediate); }
inline Instruction mov_reg(u8 dst, u8 src) { return alu_reg(Alu::mov, dst, src); }
inline Instruction constant(u8 dst, u64 value) {
  return {.form = Form::constant, .dst = dst, .immediate = static_cast<s64>(value)};
}
inline Instruction load(Width width, u8 dst, u8 src, s16 offset) {
  return {.form = Form::load, .width = width, .dst = dst, .src = src, .offset = offset};
}
inline Instruction load_signed(Width width, u8 dst, u8 src, s16 offset) {
  return {.form = Form::load_signed, .width = width, .dst = dst, .src = src, .offset = offset};
}
inline Instruction store(Width width, u8 dst, s16 offset, s64 immediate) {
  return {
      .form = Form::store, .width = width, .dst = dst, .offset = offset, .immediate = immediate};
}
inline Instruction store_reg(Width width, u8 dst, s16 offset, u8 src) {
  return {.form = Form::store,
          .width = width,
          .source = Source::reg,
          .dst = dst,
          .src = src,
          .offset = offset};
}
inline Instruction atomic(Atomic op, Width width, u8 dst, s16 offset, u8 src) {
  return {.form = Form::atomic,
          .operation = static_cast<u8>(op),
          .width = width,
          .source = Source::reg,
          .dst = dst,
          .src = src,
          .offset = offset};
}
inline Instruction jump(Jump op, u8 dst, s64 immediate, std::size_t target,
                        Width width = Width::w64) {
  return {.form = Form::jump,
          .operation = static_cast<u8>(op),
          .width = width,
          .dst = dst,
          .target = InstructionIndex(target),
          .immediate = immediate};
}
inline Instruction jump_reg(Jump op, u8 dst, u8 src, std::size_t target, Width width = Width::w64) {
  return {.form = Form::jump,
          .operation = static_cast<u8>(op),
          .width = width,
          .source = Source::reg,
          .dst = dst,
          .src = src,
          .target = InstructionIndex(target)};
}
inline Instruction go(std::size_t target) {
  return {.form = Form::jump_always, .target = InstructionIndex(target)};
}
inline Instruction may_goto(std::size_t target) {
  return {.form = Form::may_goto, .target = InstructionIndex(target)};
}
inline Instruction call_helper(s64 id) {
  return {.form = Form::call, .operation = static_cast<u8>(Call::helper), .immediate = id};
}
inline Instruction call_local(std::size_t target) {
  return {.form = Form::call,
          .operation = static_cast<u8>(Call::local),
          .target = InstructionIndex(target)};
}
inline Instruction call_indirect(u8 reg) {
  return {.form = Form::call, .operation = static_cast<u8>(Call::indirect), .dst = reg};
}
// bpf_throw(r1), as verified code has it; `callback` is where the exception callback begins, or 0.
inline Instruction throw_exception(std::size_t callback = 0) {
  return {.form = Form::call,
          .operation = static_cast<u8>(Call::kfunc),
          .target = InstructionIndex(callback)};
}
inline Instruction packet_load(Packet kind, Width width, u8 src, s64 immediate) {
  return {.form = Form::packet_load,
          .operation = static_cast<u8>(kind),
          .width = width,
          .src = src,
          .immediate = immediate};
}
inline Instruction leave() { return {}; }

// The instructions with their slots numbered.
inline Code program(std::initializer_list<Instruction> instructions) {
  Code code(instructions);
  assign_slots(code);
  return code;
}

}  // namespace skep::engines
