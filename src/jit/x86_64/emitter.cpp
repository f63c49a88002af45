#include "jit/x86_64/emitter.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>

#include "jit/usage.hpp"

namespace skep::jit::x86_64 {
namespace {

constexpr MachineRegister number(Reg reg) { return static_cast<MachineRegister>(reg); }

constexpr MachineRegisterList kFixed = {{number(Reg::rax), number(Reg::rdi), number(Reg::rsi),
                                         number(Reg::rdx), number(Reg::rcx), number(Reg::r8)},
                                        6};
constexpr MachineRegisterList kVolatile = {{number(Reg::r9)}, 1};
constexpr std::array kPreserved = {Reg::rbx, Reg::r13, Reg::r14, Reg::r15, Reg::rbp, Reg::r12};
constexpr std::array kConfinedHomes = {Reg::rax, Reg::rdi, Reg::rsi, Reg::rdx, Reg::rcx, Reg::r8,
                                       Reg::rbx, Reg::r13, Reg::r14, Reg::r15, Reg::rbp};
constexpr std::array kConfinedPushed = {Reg::rbp, Reg::rbx, Reg::r12, Reg::r13, Reg::r14, Reg::r15};
constexpr s32 kSlot = 8, kAlignment = 16;

}  // namespace

constinit const EnumArray<Kind, Emitter::Emit> Emitter::kEmit({
    {Kind::alu, &Emitter::alu},
    {Kind::rotate, &Emitter::rotate},
    {Kind::constant, &Emitter::constant},
    {Kind::nothing, &Emitter::nothing},
    {Kind::load, &Emitter::load},
    {Kind::store, &Emitter::store},
    {Kind::fill, &Emitter::fill},
    {Kind::copy, &Emitter::copy},
    {Kind::user_pointer, &Emitter::user_pointer},
    {Kind::atomic, &Emitter::atomic},
    {Kind::array_lookup, &Emitter::array_lookup},
    {Kind::map_lookup, &Emitter::map_lookup},
    {Kind::packet_load, &Emitter::packet_load},
    {Kind::branch, &Emitter::branch},
    {Kind::select, &Emitter::select},
    {Kind::jump, &Emitter::jump},
    {Kind::may_goto, &Emitter::may_goto},
    {Kind::call_helper, &Emitter::call_helper},
    {Kind::call_indirect, &Emitter::call_indirect},
    {Kind::call_local, &Emitter::call_local},
    {Kind::tail_call, &Emitter::tail_call},
    {Kind::throw_exception, &Emitter::throw_exception},
    {Kind::exit, &Emitter::exit},
});

RegisterFile register_file(const Needs& needs) {
  RegisterFile out{kFixed, kVolatile, {}, number(Reg::r11)};
  for (Reg reg : kPreserved) {
    const bool is_needed =
        (reg == Reg::r12 && needs.execution) || (reg == Reg::rbp && needs.tail_calls);
    if (!is_needed) out.preserved.push_back(number(reg));
  }
  return out;
}

Emitter::Emitter(const Unit& unit, const platform::Bindings& bindings, const Target& target,
                 const Confines& confines)
    : unit_(unit),
      bindings_(bindings),
      target_(target),
      confines_(confines),
      needs_(needs_of(unit)) {
  a_.reserve(unit.operations.size(), unit.blocks.size());
  const auto blocks = static_cast<u32>(unit.blocks.size());
  blocks_ = a_.make_labels(blocks);
  entries_ = confined() ? blocks_ : a_.make_labels(blocks);
}

Emitted Emitter::run() {
  const Label entry = a_.make_label();
  a_.bind(entry);
  if (confined()) {
    confined_entry();
  } else if (needs_.tail_calls) {
    tail_counting_entry();
  }
  for (std::size_t at = 0; at < unit_.functions.size(); ++at) function(at);

  return emitted_of(unit_, a_.link(), {entry, entries_});
}

// u64 entry(void* memory, State* state)
void Emitter::confined_entry() {
  leave_ = a_.make_label();
  for (Reg reg : kConfinedPushed) a_.push(reg);
  a_.move(isa::Width::w64, Reg::r12, Reg::rsi);
  a_.store(isa::Width::w64, state(offsetof(State, stack_pointer)), Reg::rsp);
  for (Reg reg : kConfinedHomes) a_.move_immediate(reg, 0);
  a_.move_immediate(Reg::rdi, confines_.memory);
  a_.move_immediate(Reg::rsi, confines_.memory_bytes);
  a_.move_immediate(Reg::rbp, confines_.stack_end);
  a_.call(entries_);
  a_.bind(leave_);
  a_.load(isa::Width::w64, Reg::rsp, state(offsetof(State, stack_pointer)));
  for (auto reg = kConfinedPushed.rbegin(); reg != kConfinedPushed.rend(); ++reg) a_.pop(*reg);
  a_.ret();
}

// The counter is one for all programs of a run: it stands here, under the frame of the first.
void Emitter::tail_counting_entry() {
  a_.move_immediate(Reg::rax, 0);
  a_.push(Reg::rax);
  a_.move(isa::Width::w64, Reg::rax, Reg::rsp);
  a_.call(entries_);
  a_.pop(Reg::rcx);
  a_.ret();
}

void Emitter::function(std::size_t at) {
  const Function& function = unit_.functions[at];
  if (confined()) {
    for (Register r = 0; r < isa::kRegisters; ++r) allocation_.home[r] = number(kConfinedHomes[r]);
  } else {
    allocation_ = allocate(function.use, register_file(needs_));
    pinned_ = function.pinned;
    a_.bind(entries_ + function.first_block);
    if (at != 0) a_.mark(unit_.blocks[function.first_block].from);
    if (at == 0 && needs_.unwinds) save_all();
    lay_out_frame(function, at == 0);
    prologue(function, at == 0);
  }
  for (u32 b = function.first_block; b < function.end_block; ++b) block(b);
  if (at == 0 && needs_.unwinds) land();
  cold_code();
}

void Emitter::lay_out_frame(const Function& function, bool is_main) {
  frame_ = {};
  if (is_main && needs_.execution) frame_.pushed.push_back(Reg::r12);
  if (is_main && needs_.tail_calls) frame_.pushed.push_back(Reg::rbp);
  for (Reg reg : kPreserved) {
    if ((allocation_.to_save & machine_set(number(reg))) != 0) frame_.pushed.push_back(reg);
  }
  s32 slots = 0;
  const auto slot_for = [&](Kind kind) -> std::optional<s32> {
    if (!function.has(kind)) return std::nullopt;
    return std::exchange(slots, slots + kSlot);
  };
  frame_.loops = slot_for(Kind::may_goto);
  frame_.context = slot_for(Kind::tail_call);
  if (is_main && needs_.unwinds) frame_.unwind = std::exchange(slots, slots + kSlot);
  const bool has_stack = (allocation_.used & set_of(isa::kFramePointer)) != 0;
  const s32 stack =
      has_stack ? static_cast<s32>((function.frame.bytes + kSlot - 1) / kSlot * kSlot) : 0;
  const s32 pushed = static_cast<s32>(frame_.pushed.size() + 1) * kSlot;  // and the return address
  // r10 is a multiple of 16: what clang places at such offsets never lies across two cache lines,
  // where a load that follows a wide store would wait for the store to reach the cache.
  const s32 above = stack > kSlot ? pushed % kAlignment : 0;
  frame_.bytes = above + slots + stack;
  if (allocation_.calls && (pushed + frame_.bytes) % kAlignment != 0) frame_.bytes += kSlot;
  frame_.frame_pointer = frame_.bytes - above;
}

void Emitter::prologue(const Function& function, bool is_main) {
  for (Reg reg : frame_.pushed) a_.push(reg);
  if (frame_.bytes != 0) {
    a_.arithmetic(Arithmetic::sub, isa::Width::w64, direct(Reg::rsp), frame_.bytes);
  }
  if (is_main && needs_.execution) a_.move(isa::Width::w64, Reg::r12, Reg::rsi);
  if (is_main && needs_.tail_calls) a_.move(isa::Width::w64, Reg::rbp, Reg::rax);
  if (is_main && needs_.unwinds) note_landing();
  if (frame_.loops) {
    a_.store_immediate(isa::Width::w64, memory(Reg::rsp, *frame_.loops), interpret::kLoopsMax);
  }
  // Whole slots: the frame is made of them, and what lies beside the range was not written yet.
  const s32 first = function.frame.zeroed.first & -kSlot;
  const s32 end = function.frame.zeroed.first + static_cast<s32>(function.frame.zeroed.bytes);
  for (s32 offset = first; offset < end; offset += kSlot) {
    const Operand slot = memory(Reg::rsp, frame_.frame_pointer + offset);
    a_.store_immediate(isa::Width::w64, slot, 0);
  }
  for (const auto& [spare, value] : function.preloads) {
    if ((optional_set(spare) & allocation_.used) != 0)
      a_.move_immediate(home(spare), static_cast<u64>(value));
  }
}

void Emitter::epilogue() {
  if (frame_.unwind) forget_landing();
  if (frame_.bytes != 0) {
    a_.arithmetic(Arithmetic::add, isa::Width::w64, direct(Reg::rsp), frame_.bytes);
  }
  for (auto reg = frame_.pushed.rbegin(); reg != frame_.pushed.rend(); ++reg) a_.pop(*reg);
}

void Emitter::block(u32 number) {
  block_ = number;
  const Block& block = unit_.blocks[number];
  a_.bind(blocks_ + number);
  if (unit_.pays) {
    a_.mark(block.from);
    pay(block);
  }
  u32 at = block.begin;
  while (at < block.end) {
    const Operation& op = unit_.operations[at];
    a_.mark(op.from);
    if (const u32 count = fused(at, block.end); count != 0) {
      at += count;
    } else {
      (this->*kEmit[op.kind])(op);
      ++at;
    }
  }
  if (block.jump_to == kNoBlock || at > block.end) return;
  a_.mark(block.begin == block.end ? block.from : unit_.operations[block.end - 1].from);
  a_.jump(blocks_ + block.jump_to);
}

// Behind the function: what rarely runs.
void Emitter::aside(std::function<void()> emit) { cold_.push_back({a_.marked(), std::move(emit)}); }

void Emitter::cold_code() {
  for (const Cold& cold : cold_) {
    a_.mark(cold.from);
    cold.emit();
  }
  cold_.clear();
}

// ---- operands ----

Reg Emitter::value(Register r, Reg scratch) {
  if (!is_frame_pointer(r)) return home(r);
  a_.load_address(isa::Width::w64, scratch, address(r, 0));
  return scratch;
}

Operand Emitter::address(Register base, s32 offset) const {
  if (is_frame_pointer(base)) return memory(Reg::rsp, frame_.frame_pointer + offset);
  return memory(home(base), offset);
}

void Emitter::into(isa::Width width, Reg dst, Register src) {
  if (is_frame_pointer(src)) return a_.load_address(width, dst, address(src, 0));
  if (home(src) != dst) a_.move(width, dst, home(src));
}

bool Emitter::is_live(const Operation& op, Reg reg) const {
  const Registers live = op.live_after | (pinned_ & allocation_.used);
  for (Registers left = live & ~set_of(isa::kFramePointer); left != 0; left &= left - 1) {
    if (home(static_cast<Register>(std::countr_zero(left))) == reg) return true;
  }
  return confined() && (op.live_after & set_of(isa::kFramePointer)) != 0 &&
         home(isa::kFramePointer) == reg;
}

}  // namespace skep::jit::x86_64
