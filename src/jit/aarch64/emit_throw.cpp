// Exceptions: bpf_throw() leaves all functions of the program at once, as jit/x86_64/emit_throw.cpp
// says.
#include <cstddef>

#include "jit/aarch64/emitter.hpp"

namespace skep::jit::aarch64 {

void Emitter::throw_exception(const Operation& op) {
  EXPECT(!confined());  // check_confinable() refuses it
  into(Width::w64, Reg::x0, op.left);
  a_.jump(landing_);
}

// Of the program's own function, before its frame is laid out.
void Emitter::save_all() {
  landing_ = a_.make_label();
  stopped_ = a_.make_label();
  allocation_.calls = true;  // the return address is saved, whether or not this one calls
  for (const Reg reg : {Reg::x19, Reg::x20, Reg::x21, Reg::x22}) {
    allocation_.to_save |= machine_set(static_cast<MachineRegister>(reg));
  }
}

void Emitter::note_landing() {
  a_.load(Width::w64, Reg::x16, unwind_to());
  a_.store(Width::w64, memory(Reg::sp, *frame_.unwind), Reg::x16);
  a_.arithmetic(Arithmetic::add, Width::w64, Reg::x16, Reg::sp, 0);
  a_.store(Width::w64, unwind_to(), Reg::x16);
}

// A tail call has its target in x17.
void Emitter::forget_landing() {
  a_.load(Width::w64, Reg::x16, memory(Reg::sp, *frame_.unwind));
  a_.store(Width::w64, unwind_to(), Reg::x16);
}

// What follows the program's own function: where exceptions go, and where a run without budget
// does.
void Emitter::land() {
  if (needs_.throws) {
    a_.bind(landing_);
    back_to_first_frame();
    if (unit_.exception_callback != kNoBlock) a_.call(entries_ + unit_.exception_callback);
    epilogue();  // x0 is the cookie, or what the callback returned
    a_.ret();
  }
  if (unit_.pays) {
    a_.bind(stopped_);
    back_to_first_frame();
    a_.move_immediate(Reg::x0, 0);
    epilogue();
    a_.ret();
  }
}

void Emitter::back_to_first_frame() {
  a_.load(Width::w64, Reg::x16, unwind_to());
  a_.arithmetic(Arithmetic::add, Width::w64, Reg::sp, Reg::x16, 0);
}

void Emitter::note_stop(u32 instruction) {
  using platform::Budget;
  const Label noted = a_.make_label();
  // Of an outer program, after one that it called was stopped: it may not go on, nor say where.
  a_.load(Width::w32, Reg::x17, budget(offsetof(Budget, stopped_at)));
  a_.arithmetic(Arithmetic::adds, Width::w32, Reg::x17, Reg::x17, 1);
  a_.jump_if(Condition::ne, noted);
  a_.move_immediate(Reg::x17, bindings_.program);
  a_.store(Width::w32, budget(offsetof(Budget, program)), Reg::x17);
  a_.move_immediate(Reg::x17, instruction);
  a_.store(Width::w32, budget(offsetof(Budget, stopped_at)), Reg::x17);
  a_.bind(noted);
  a_.store(Width::w64, budget(offsetof(Budget, instructions)), Reg::zr);
  a_.jump(stopped_);
}

}  // namespace skep::jit::aarch64
