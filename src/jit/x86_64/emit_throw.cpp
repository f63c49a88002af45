// Exceptions: bpf_throw() leaves all functions of the program at once.
//
// A program that throws notes its stack pointer in the Execution when its own function has its
// frame. A throw is a jump to the landing behind that function, which goes back to the noted frame
// and returns from it: with r1, or with what the exception callback makes of it. What the functions
// in between have saved is never restored, so that the first frame saves every register that any of
// them may use. A run whose budget is used up is left in the same way. An outer program, which a
// tail call inside of a function left, gets its own back when this one ends. No C++ function stands
// in between: helpers call no functions of programs.
#include <cstddef>

#include "jit/x86_64/emitter.hpp"

namespace skep::jit::x86_64 {

void Emitter::throw_exception(const Operation& op) {
  EXPECT(!confined());  // check_confinable() refuses it
  into(isa::Width::w64, Reg::rdi, op.left);
  a_.jump(landing_);
}

// Of the program's own function, before its frame is laid out.
void Emitter::save_all() {
  landing_ = a_.make_label();
  stopped_ = a_.make_label();
  allocation_.calls = true;  // the callback finds an aligned stack
  for (const Reg reg : {Reg::rbx, Reg::r13, Reg::r14, Reg::r15, Reg::rbp}) {
    const bool is_counter = reg == Reg::rbp && needs_.tail_calls;  // saved for that already
    if (!is_counter) allocation_.to_save |= machine_set(static_cast<MachineRegister>(reg));
  }
}

void Emitter::note_landing() {
  a_.load(isa::Width::w64, Reg::r10, unwind_to());
  a_.store(isa::Width::w64, memory(Reg::rsp, *frame_.unwind), Reg::r10);
  a_.store(isa::Width::w64, unwind_to(), Reg::rsp);
}

// A tail call has its target in r11.
void Emitter::forget_landing() {
  a_.load(isa::Width::w64, Reg::r10, memory(Reg::rsp, *frame_.unwind));
  a_.store(isa::Width::w64, unwind_to(), Reg::r10);
}

// What follows the program's own function: where exceptions go, and where a run without budget
// does.
void Emitter::land() {
  if (needs_.throws) {
    a_.bind(landing_);
    a_.load(isa::Width::w64, Reg::rsp, unwind_to());
    if (unit_.exception_callback == kNoBlock) {
      a_.move(isa::Width::w64, Reg::rax, Reg::rdi);
    } else {
      a_.call(entries_ + unit_.exception_callback);
    }
    epilogue();
    a_.ret();
  }
  if (unit_.pays) {
    a_.bind(stopped_);
    a_.load(isa::Width::w64, Reg::rsp, unwind_to());
    a_.move_immediate(Reg::rax, 0);
    epilogue();
    a_.ret();
  }
}

void Emitter::note_stop(u32 instruction) {
  using platform::Budget;
  const Label noted = a_.make_label();
  // Of an outer program, after one that it called was stopped: it may not go on, nor say where.
  a_.arithmetic(Arithmetic::cmp, isa::Width::w32, budget(offsetof(Budget, stopped_at)), -1);
  a_.jump_if(Condition::ne, noted);
  a_.store_immediate(isa::Width::w32, budget(offsetof(Budget, program)),
                     static_cast<s32>(bindings_.program));
  a_.store_immediate(isa::Width::w32, budget(offsetof(Budget, stopped_at)),
                     static_cast<s32>(instruction));
  a_.bind(noted);
  a_.store_immediate(isa::Width::w64, budget(offsetof(Budget, instructions)), 0);
  a_.jump(stopped_);
}

}  // namespace skep::jit::x86_64
