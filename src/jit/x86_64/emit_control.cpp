// Jumps, calls and exits, and the bounds of confined runs.
#include <cstddef>

#include "jit/x86_64/emitter.hpp"

namespace skep::jit::x86_64 {
namespace {

using interpret::Trap;
using isa::Jump;
using isa::Width;

// The condition that holds after a comparison of the operands; of `set`, after their test.
constexpr EnumArray<Jump, Condition> kConditions({{Jump::eq, Condition::e},
                                                  {Jump::ne, Condition::ne},
                                                  {Jump::gt, Condition::a},
                                                  {Jump::ge, Condition::ae},
                                                  {Jump::lt, Condition::b},
                                                  {Jump::le, Condition::be},
                                                  {Jump::set, Condition::ne},
                                                  {Jump::sgt, Condition::g},
                                                  {Jump::sge, Condition::ge},
                                                  {Jump::slt, Condition::l},
                                                  {Jump::sle, Condition::le}});

constexpr std::array kArgumentHomes = {Reg::rdi, Reg::rsi, Reg::rdx, Reg::rcx, Reg::r8};
constexpr std::array kConfinedSaved = {Reg::rbx, Reg::r13, Reg::r14, Reg::r15};  // r6 to r9

}  // namespace

void Emitter::branch(const Operation& op) {
  if (falls_into(unit_, block_, op.target)) return;
  compare(op);
  jump_if(op);
}

void Emitter::jump_if(const Operation& op) {
  const Condition condition = kConditions[op.jump()];
  a_.jump_if(op.negated ? inverted(condition) : condition, blocks_ + op.target);
}

// A conditional move of 32 bits clears the upper half where it moves nothing, so it is one of 64,
// of a value that is ready.
void Emitter::select(const Operation& op) {
  Reg from = Reg::r11;
  if (op.moved == kNoRegister) {
    const bool narrow = op.moved_width == Width::w32;
    a_.move_immediate(from,
                      narrow ? static_cast<u32>(op.offset) : static_cast<u64>(s64{op.offset}));
  } else if (op.moved_width == Width::w32) {
    a_.move(Width::w32, from, home(op.moved));
  } else {
    from = home(op.moved);
  }
  compare(op);
  a_.move_if(inverted(kConditions[op.jump()]), Width::w64, home(op.dst), from);
}

void Emitter::compare(const Operation& op) {
  const Reg left = value(op.left, Reg::r11);
  const auto immediate = static_cast<s32>(op.immediate);
  if (op.jump() == Jump::set) {
    if (op.has_immediate()) return a_.test(op.width, left, immediate);
    return a_.test(op.width, left, value(op.right, Reg::r10));
  }
  if (!op.has_immediate()) {
    const Reg right = value(op.right, Reg::r10);
    return a_.arithmetic(Arithmetic::cmp, op.width, direct(left), right);
  }
  if (immediate == 0) return a_.test(op.width, left, left);  // the same flags, one byte less
  a_.arithmetic(Arithmetic::cmp, op.width, direct(left), immediate);
}

void Emitter::jump(const Operation& op) {
  if (!falls_into(unit_, block_, op.target)) a_.jump(blocks_ + op.target);
}

void Emitter::may_goto(const Operation& op) {
  const Operand budget =
      confined() ? state(offsetof(State, loops)) : memory(Reg::rsp, *frame_.loops);
  a_.arithmetic(Arithmetic::cmp, Width::w64, budget, 0);
  a_.jump_if(Condition::e, blocks_ + op.target);
  a_.arithmetic(Arithmetic::sub, Width::w64, budget, 1);
}

void Emitter::exit(const Operation&) {
  if (!confined()) epilogue();
  a_.ret();
}

// ---- calls ----

void Emitter::execution_into(Reg reg) {
  if (confined()) return a_.move_immediate(reg, 0);
  a_.move(Width::w64, reg, Reg::r12);
}

void Emitter::call_body(u64 address) {
  const auto distance = [&](u64 from) {
    const s64 far = static_cast<s64>(address - from);
    return far > INT32_MIN && far < INT32_MAX;
  };
  if (distance(target_.code_begin) && distance(target_.code_end)) return a_.call_outside(address);
  a_.move_immediate(Reg::r11, address);
  a_.call(direct(Reg::r11));
}

// What C functions and callees leave in r1 to r5 is no value of the program: confined code must not
// see it.
void Emitter::forget_arguments() {
  if (!confined()) return;
  for (Reg reg : kArgumentHomes) a_.move_immediate(reg, 0);
}

void Emitter::call_helper(const Operation& op) {
  const platform::HelperBody body = body_of(op, bindings_);
  if (body == nullptr) {
    EXPECT(confined());
    return a_.jump(trap_at(op.from, Trap::helper));
  }
  execution_into(Reg::r9);
  call_body(reinterpret_cast<u64>(body));
  forget_arguments();
}

void Emitter::map_lookup(const Operation& op) {
  const auto map = static_cast<std::size_t>(op.immediate);
  a_.move_immediate(Reg::rdi, bindings_.maps[map]);
  call_body(reinterpret_cast<u64>(bindings_.lookups[map]));
}

void Emitter::call_indirect(const Operation& op) {
  const Label unbound = trap_at(op.from, Trap::helper);
  into(Width::w64, Reg::r11, op.left);
  a_.arithmetic(Arithmetic::cmp, Width::w64, direct(Reg::r11), s32{platform::kHelpersMax});
  a_.jump_if(Condition::ae, unbound);
  a_.arithmetic(Arithmetic::cmp, Width::w64, direct(Reg::r11), s32{interpret::kTailCallHelper});
  a_.jump_if(Condition::e, unbound);
  a_.move_immediate(Reg::r10, reinterpret_cast<u64>(bindings_.helpers.data()));
  a_.shift(Shift::shl, Width::w64, Reg::r11, 3);
  a_.arithmetic(Arithmetic::add, Width::w64, Reg::r10, direct(Reg::r11));
  a_.shift(Shift::shr, Width::w64, Reg::r11, 3);
  a_.arithmetic(Arithmetic::cmp, Width::w64, memory(Reg::r10, 0), 0);
  a_.jump_if(Condition::e, unbound);
  execution_into(Reg::r9);
  a_.call(memory(Reg::r10, 0));
  forget_arguments();
}

void Emitter::call_local(const Operation& op) {
  if (!confined()) return a_.call(entries_ + op.target);
  const Operand loops = state(offsetof(State, loops));
  constexpr auto kFrame = static_cast<s32>(isa::kStackBytes);
  a_.move_immediate(Reg::r10, confines_.stack_end - u64{isa::kFramesMax - 1} * isa::kStackBytes);
  a_.arithmetic(Arithmetic::cmp, Width::w64, direct(Reg::rbp), Reg::r10);
  a_.jump_if(Condition::be, trap_at(op.from, Trap::frames));
  for (Reg reg : kConfinedSaved) a_.push(reg);
  a_.push(loops);
  a_.arithmetic(Arithmetic::sub, Width::w64, direct(Reg::rbp), kFrame);
  a_.store_immediate(Width::w64, loops, interpret::kLoopsMax);
  a_.call(entries_ + op.target);
  a_.arithmetic(Arithmetic::add, Width::w64, direct(Reg::rbp), kFrame);
  a_.pop(loops);
  for (auto reg = kConfinedSaved.rbegin(); reg != kConfinedSaved.rend(); ++reg) a_.pop(*reg);
  forget_arguments();
}

// bpf_tail_call(context, map, index)
void Emitter::tail_call(const Operation& op) {
  if (confined()) return a_.jump(trap_at(op.from, Trap::helper));
  const Label failed = a_.make_label();
  const Label done = a_.make_label();
  const Operand counter = memory(Reg::rbp, 0);
  const Operand context = memory(Reg::rsp, *frame_.context);
  a_.arithmetic(Arithmetic::cmp, Width::w64, counter, s32{isa::kTailCallsMax});
  a_.jump_if(Condition::ae, failed);
  a_.store(Width::w64, context, Reg::rdi);
  a_.move(Width::w64, Reg::rdi, Reg::rsi);
  a_.move(Width::w32, Reg::rsi, Reg::rdx);
  execution_into(Reg::rdx);
  call_body(reinterpret_cast<u64>(bindings_.tail_call));
  a_.test(Width::w64, Reg::rax, Reg::rax);
  a_.jump_if(Condition::e, failed);
  a_.arithmetic(Arithmetic::add, Width::w64, counter, 1);
  a_.load(Width::w64, Reg::rdi, context);
  a_.move(Width::w64, Reg::rsi, Reg::r12);
  a_.move(Width::w64, Reg::r11, Reg::rax);
  a_.move(Width::w64, Reg::rax, Reg::rbp);
  epilogue();
  a_.jump(direct(Reg::r11));
  aside([this, failed, done] {
    a_.bind(failed);
    a_.move_immediate(Reg::rax, interpret::kTailCallFailed);
    a_.jump(done);
  });
  a_.bind(done);
}

// r0 = packet[offset] with the context in r6, or the function ends with 0.
void Emitter::packet_load(const Operation& op) {
  if (bindings_.packet_load == nullptr) {
    EXPECT(confined());
    return a_.jump(trap_at(op.from, Trap::packet));
  }
  const Label there = a_.make_label();
  if (op.has_immediate()) {
    a_.move_immediate(Reg::r11, static_cast<u32>(op.immediate));
  } else {
    into(Width::w64, Reg::r11, op.right);
    a_.arithmetic(Arithmetic::add, Width::w32, direct(Reg::r11), static_cast<s32>(op.immediate));
  }
  into(Width::w64, Reg::rdi, op.left);
  a_.move(Width::w32, Reg::rsi, Reg::r11);
  a_.move_immediate(Reg::rdx, isa::bytes_of(op.width));
  execution_into(Reg::rcx);
  call_body(reinterpret_cast<u64>(bindings_.packet_load));
  forget_arguments();
  a_.test(Width::w64, Reg::rax, Reg::rax);
  a_.jump_if(Condition::ns, there);
  a_.move_immediate(Reg::rax, 0);
  exit(op);
  a_.bind(there);
}

// ---- the bounds of confined runs ----

void Emitter::pay(const Block& block) {
  const Operand fuel = fuel_left();
  a_.arithmetic(Arithmetic::sub, Width::w64, fuel, static_cast<s32>(block.charge));
  a_.jump_if(Condition::b, trap_at(block.from, Trap::fuel));
}

// Where a trap is taken: r11 has its address. Verified code has none but calls through a register,
// which no verifier accepts yet.
Label Emitter::trap_at(u32 instruction, Trap trap) {
  const Label label = a_.make_label();
  aside([this, label, instruction, trap] {
    a_.bind(label);
    if (!confined()) return trap == Trap::fuel ? note_stop(instruction) : a_.trap();
    a_.store(Width::w64, state(offsetof(State, address)), Reg::r11);
    a_.store_immediate(Width::w32, state(offsetof(State, instruction)),
                       static_cast<s32>(instruction));
    a_.store_immediate(Width::w32, state(offsetof(State, trap)), static_cast<s32>(trap));
    a_.jump(leave_);
  });
  return label;
}

}  // namespace skep::jit::x86_64
