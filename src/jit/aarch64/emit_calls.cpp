// Calls of helpers, of the program's own functions, and of other programs.
//
// Arguments stand where C wants them; the Execution is the sixth. What a call returns is in x0 and
// r0 lives in x7, because r1 must survive what writes r0 and is no call.
#include <array>
#include <cstddef>

#include "jit/aarch64/emitter.hpp"

namespace skep::jit::aarch64 {
namespace {

using interpret::Trap;

constexpr std::array kArgumentHomes = {Reg::x0, Reg::x1, Reg::x2, Reg::x3, Reg::x4};
constexpr std::array kCallerSaved = {Reg::x30, Reg::x16, Reg::x19, Reg::x20, Reg::x21, Reg::x22};
constexpr std::array kReturnAddress = {Reg::x30, Reg::zr};

}  // namespace

void Emitter::execution_into(Reg reg) {
  if (confined()) return a_.move_immediate(reg, 0);
  a_.move(Width::w64, reg, Reg::x25);
}

void Emitter::call_outside(u64 address) {
  const auto is_near = [address](u64 from) {
    return call_reaches(static_cast<s64>(address - from));
  };
  if (is_near(target_.code_begin) && is_near(target_.code_end)) return a_.call_outside(address);
  a_.move_immediate(Reg::x16, address);
  a_.call(Reg::x16);
}

// r0 = the function's result. Confined code has no frames that keep its return address.
void Emitter::call_body(u64 address) {
  if (confined()) push(kReturnAddress);
  call_outside(address);
  if (confined()) pop(kReturnAddress);
  a_.move(Width::w64, home(isa::kR0), Reg::x0);
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
  execution_into(Reg::x5);
  call_body(reinterpret_cast<u64>(body));
  forget_arguments();
}

void Emitter::map_lookup(const Operation& op) {
  const auto map = static_cast<std::size_t>(op.immediate);
  a_.move_immediate(Reg::x0, bindings_.maps[map]);
  call_body(reinterpret_cast<u64>(bindings_.lookups[map]));
}

void Emitter::call_indirect(const Operation& op) {
  const Label unbound = trap_at(op.from, Trap::helper);
  if (is_frame_pointer(op.left) || home(op.left) != Reg::x16) into(Width::w64, Reg::x16, op.left);
  a_.arithmetic(Arithmetic::subs, Width::w64, Reg::zr, Reg::x16, u64{platform::kHelpersMax});
  a_.jump_if(Condition::hs, unbound);
  a_.arithmetic(Arithmetic::subs, Width::w64, Reg::zr, Reg::x16, u64{interpret::kTailCallHelper});
  a_.jump_if(Condition::eq, unbound);
  a_.move_immediate(Reg::x17, reinterpret_cast<u64>(bindings_.helpers.data()));
  a_.load(Width::w64, Reg::x17, {.base = Reg::x17, .index = Reg::x16, .scaled = true});
  a_.jump_if_zero(Width::w64, Reg::x17, unbound);
  execution_into(Reg::x5);
  if (confined()) push(kReturnAddress);
  a_.call(Reg::x17);
  if (confined()) pop(kReturnAddress);
  a_.move(Width::w64, home(isa::kR0), Reg::x0);
  forget_arguments();
}

void Emitter::call_local(const Operation& op) {
  if (confined()) return call_local_confined(op);
  a_.call(entries_ + op.target);
  a_.move(Width::w64, home(isa::kR0), Reg::x0);
}

void Emitter::call_local_confined(const Operation& op) {
  const Memory loops = state(offsetof(State, loops));
  constexpr u64 kFrame = isa::kStackBytes;
  a_.move_immediate(Reg::x17, confines_.stack_end - u64{isa::kFramesMax - 1} * kFrame);
  a_.arithmetic(Arithmetic::subs, Width::w64, {Reg::zr, Reg::x23, Reg::x17});
  a_.jump_if(Condition::ls, trap_at(op.from, Trap::frames));
  a_.load(Width::w64, Reg::x16, loops);
  push(kCallerSaved);
  a_.arithmetic(Arithmetic::sub, Width::w64, Reg::x23, Reg::x23, kFrame);
  a_.move_immediate(Reg::x16, interpret::kLoopsMax);
  a_.store(Width::w64, loops, Reg::x16);
  a_.call(entries_ + op.target);
  a_.arithmetic(Arithmetic::add, Width::w64, Reg::x23, Reg::x23, kFrame);
  pop(kCallerSaved);
  a_.store(Width::w64, loops, Reg::x16);
  forget_arguments();
}

// bpf_tail_call(context, map, index)
void Emitter::tail_call(const Operation& op) {
  if (confined()) return a_.jump(trap_at(op.from, Trap::helper));
  const Label failed = a_.make_label();
  const Label done = a_.make_label();
  const Memory counter = memory(Reg::x26, 0);
  const Memory context = memory(Reg::sp, *frame_.context);
  a_.load(Width::w64, Reg::x16, counter);
  a_.arithmetic(Arithmetic::subs, Width::w64, Reg::zr, Reg::x16, u64{isa::kTailCallsMax});
  a_.jump_if(Condition::hs, failed);
  a_.store(Width::w64, context, Reg::x0);
  a_.move(Width::w64, Reg::x0, Reg::x1);
  a_.move(Width::w32, Reg::x1, Reg::x2);
  execution_into(Reg::x2);
  call_outside(reinterpret_cast<u64>(bindings_.tail_call));
  a_.jump_if_zero(Width::w64, Reg::x0, failed);
  a_.load(Width::w64, Reg::x16, counter);
  a_.arithmetic(Arithmetic::add, Width::w64, Reg::x16, Reg::x16, 1);
  a_.store(Width::w64, counter, Reg::x16);
  a_.move(Width::w64, Reg::x17, Reg::x0);
  a_.load(Width::w64, Reg::x0, context);
  a_.move(Width::w64, Reg::x1, Reg::x25);
  a_.move(Width::w64, Reg::x8, Reg::x26);
  epilogue();
  a_.jump(Reg::x17);
  aside([this, failed, done] {
    a_.bind(failed);
    a_.move_immediate(home(isa::kR0), interpret::kTailCallFailed);
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
    a_.move_immediate(Reg::x16, static_cast<u32>(op.immediate));
  } else {
    add_constant(Width::w32, {Reg::x16, value(op.right, Reg::x16), Reg::x17},
                 static_cast<u64>(op.immediate));
  }
  into(Width::w64, Reg::x0, op.left);
  a_.move(Width::w32, Reg::x1, Reg::x16);
  a_.move_immediate(Reg::x2, isa::bytes_of(op.width));
  execution_into(Reg::x3);
  call_body(reinterpret_cast<u64>(bindings_.packet_load));
  forget_arguments();
  a_.jump_if_bit(Bit::zero, home(isa::kR0), 63, there);
  a_.move_immediate(home(isa::kR0), 0);
  exit(op);
  a_.bind(there);
}

}  // namespace skep::jit::aarch64
