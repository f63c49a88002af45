#include "jit/aarch64/emitter.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace skep::jit::aarch64 {
namespace {

constexpr MachineRegister number(Reg reg) { return static_cast<MachineRegister>(reg); }

constexpr std::array<MachineRegister, 6> kFixed = {number(Reg::x7), number(Reg::x0),
                                                   number(Reg::x1), number(Reg::x2),
                                                   number(Reg::x3), number(Reg::x4)};
constexpr std::array<MachineRegister, 4> kVolatile = {number(Reg::x6), number(Reg::x12),
                                                      number(Reg::x13), number(Reg::x14)};
constexpr std::array<MachineRegister, 4> kPreserved = {number(Reg::x19), number(Reg::x20),
                                                       number(Reg::x21), number(Reg::x22)};
constexpr std::array kConfinedHomes = {Reg::x7,  Reg::x0,  Reg::x1,  Reg::x2,  Reg::x3, Reg::x4,
                                       Reg::x19, Reg::x20, Reg::x21, Reg::x22, Reg::x23};
constexpr std::array kConfinedSaved = {Reg::x29, Reg::x30, Reg::x19, Reg::x20,
                                       Reg::x21, Reg::x22, Reg::x23, Reg::x24};
constexpr std::array kRecord = {Reg::x29, Reg::x30};  // AAPCS64, 6.4.6: the frame record
constexpr s32 kSlot = 8, kStackAlignment = 16;
constexpr s32 kPairLast = 504;  // the highest offset of a pair

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
    {Kind::exit, &Emitter::exit},
});

Emitter::Emitter(const Unit& unit, const platform::Bindings& bindings, const Target& target,
                 const Confines& confines)
    : unit_(unit),
      bindings_(bindings),
      target_(target),
      confines_(confines),
      needs_(needs_of(unit, bindings)) {
  for (std::size_t at = 0; at < unit.blocks.size(); ++at) {
    blocks_.push_back(a_.make_label());
    entries_.push_back(confined() ? blocks_.back() : a_.make_label());
  }
}

Emitted Emitter::run(u32 instructions) {
  const Label entry = a_.make_label();
  a_.bind(entry);
  if (confined()) {
    confined_entry();
  } else if (needs_.tail_calls) {
    tail_counting_entry();
  }
  for (std::size_t at = 0; at < unit_.functions.size(); ++at) function(at);

  Emitted out;
  out.linked = a_.link();
  const auto offset = [&](Label label) { return out.linked.labels[label.number]; };
  out.entry = offset(entry);
  out.tail_entry = offset(entries_[0]);
  for (const Function& f : unit_.functions)
    out.functions.push_back(offset(entries_[f.first_block]));
  out.instructions = instruction_offsets(out.linked, marks_, instructions);
  return out;
}

// u64 entry(void* memory, State* state)
void Emitter::confined_entry() {
  leave_ = a_.make_label();
  push(kConfinedSaved);
  a_.arithmetic(Arithmetic::add, Width::w64, Reg::x29, Reg::sp, 0);
  a_.move(Width::w64, Reg::x24, Reg::x1);
  a_.store(Width::w64, state(offsetof(State, stack_pointer)), Reg::x29);
  for (Reg reg : kConfinedHomes) a_.move_immediate(reg, 0);
  a_.move_immediate(Reg::x0, confines_.memory);
  a_.move_immediate(Reg::x1, confines_.memory_bytes);
  a_.move_immediate(Reg::x23, confines_.stack_end);
  a_.call(entries_[0]);
  a_.bind(leave_);
  a_.load(Width::w64, Reg::x16, state(offsetof(State, stack_pointer)));
  a_.arithmetic(Arithmetic::add, Width::w64, Reg::sp, Reg::x16, 0);
  a_.move(Width::w64, Reg::x0, Reg::x7);
  pop(kConfinedSaved);
  a_.ret();
}

// The counter is one for all programs of a run: it stands here, above the frame of the first.
void Emitter::tail_counting_entry() {
  constexpr std::array kSaved = {Reg::x29, Reg::x30, Reg::zr, Reg::zr};
  push(kSaved);
  a_.arithmetic(Arithmetic::add, Width::w64, Reg::x29, Reg::sp, 0);
  a_.arithmetic(Arithmetic::add, Width::w64, Reg::x8, Reg::sp, u64{2 * kSlot});
  a_.call(entries_[0]);
  a_.load_pair(Indexing::after, Reg::x29, Reg::x30, memory(Reg::sp, 4 * kSlot));
  a_.ret();
}

void Emitter::function(std::size_t at) {
  const Function& function = unit_.functions[at];
  if (confined()) {
    for (Register r = 0; r < isa::kRegisters; ++r) allocation_.home[r] = number(kConfinedHomes[r]);
  } else {
    allocation_ = allocate(unit_, function, {kFixed, kVolatile, kPreserved, number(Reg::x15)});
    a_.bind(entries_[function.first_block]);
    lay_out_frame(function, at == 0);
    prologue(function, at == 0);
  }
  for (u32 b = function.first_block; b < function.end_block; ++b) block(b);
  cold_code();
}

void Emitter::lay_out_frame(const Function& function, bool is_main) {
  frame_ = {};
  if (allocation_.calls) frame_.saved.assign(kRecord.begin(), kRecord.end());
  if (is_main && needs_.execution) frame_.saved.push_back(Reg::x25);
  if (is_main && needs_.tail_calls) frame_.saved.push_back(Reg::x26);
  for (MachineRegister r : kPreserved) {
    if ((allocation_.to_save & machine_set(r)) != 0) frame_.saved.push_back(static_cast<Reg>(r));
  }
  if (frame_.saved.size() % 2 != 0) frame_.saved.push_back(Reg::zr);
  s32 slots = 0;
  const auto slot_for = [&](Kind kind) -> std::optional<s32> {
    if (!contains(unit_, function, kind)) return std::nullopt;
    return std::exchange(slots, slots + kSlot);
  };
  frame_.loops = slot_for(Kind::may_goto);
  frame_.context = slot_for(Kind::tail_call);
  const bool has_stack = (allocation_.used & set_of(isa::kFramePointer)) != 0;
  const s32 stack =
      has_stack ? static_cast<s32>((function.frame.bytes + kSlot - 1) / kSlot * kSlot) : 0;
  frame_.frame_pointer = slots + stack;
  // sp is a multiple of 16 wherever memory is accessed through it (AAPCS64, 6.4.5.1).
  frame_.bytes = (slots + stack + kStackAlignment - 1) / kStackAlignment * kStackAlignment;
}

void Emitter::prologue(const Function& function, bool is_main) {
  push(frame_.saved);
  if (allocation_.calls) a_.arithmetic(Arithmetic::add, Width::w64, Reg::x29, Reg::sp, 0);
  if (frame_.bytes != 0) {
    a_.arithmetic(Arithmetic::sub, Width::w64, Reg::sp, Reg::sp, static_cast<u64>(frame_.bytes));
  }
  if (is_main && needs_.execution) a_.move(Width::w64, Reg::x25, Reg::x1);
  if (is_main && needs_.tail_calls) a_.move(Width::w64, Reg::x26, Reg::x8);
  if (frame_.loops) {
    a_.move_immediate(Reg::x16, interpret::kLoopsMax);
    a_.store(Width::w64, memory(Reg::sp, *frame_.loops), Reg::x16);
  }
  zero_stack(function);
}

// Whole slots: the frame is made of them, and what lies beside the range was not written yet.
void Emitter::zero_stack(const Function& function) {
  s32 offset = function.frame.zeroed_first & -kSlot;
  const s32 end = function.frame.zeroed_first + static_cast<s32>(function.frame.zeroed_bytes);
  while (offset < end) {
    const Memory slot = memory(Reg::sp, frame_.frame_pointer + offset);
    if (end - offset > kSlot && slot.offset <= kPairLast) {
      a_.store_pair(Indexing::offset, Reg::zr, Reg::zr, slot);
      offset += 2 * kSlot;
    } else {
      a_.store(Width::w64, slot, Reg::zr);
      offset += kSlot;
    }
  }
}

void Emitter::epilogue() {
  if (frame_.bytes != 0) {
    a_.arithmetic(Arithmetic::add, Width::w64, Reg::sp, Reg::sp, static_cast<u64>(frame_.bytes));
  }
  pop(frame_.saved);
}

// Makes room for all with the first pair.
void Emitter::push(std::span<const Reg> saved) {
  const s32 bytes = static_cast<s32>(saved.size()) * kSlot;
  for (std::size_t at = 0; at < saved.size(); at += 2) {
    const Indexing indexing = at == 0 ? Indexing::before : Indexing::offset;
    const s32 offset = at == 0 ? -bytes : static_cast<s32>(at) * kSlot;
    a_.store_pair(indexing, saved[at], saved[at + 1], memory(Reg::sp, offset));
  }
}

void Emitter::pop(std::span<const Reg> saved) {
  const s32 bytes = static_cast<s32>(saved.size()) * kSlot;
  for (std::size_t at = saved.size(); at > 0;) {
    at -= 2;
    const Indexing indexing = at == 0 ? Indexing::after : Indexing::offset;
    const s32 offset = at == 0 ? bytes : static_cast<s32>(at) * kSlot;
    a_.load_pair(indexing, saved[at], saved[at + 1], memory(Reg::sp, offset));
  }
}

void Emitter::block(u32 number) {
  block_ = number;
  const Block& block = unit_.blocks[number];
  a_.bind(blocks_[number]);
  if (confined()) pay(block);
  for (u32 at = block.begin; at < block.end; ++at) {
    const Operation& op = unit_.operations[at];
    marks_.push_back({op.from, a_.make_label()});
    a_.bind(marks_.back().label);
    (this->*kEmit[op.kind])(op);
  }
}

void Emitter::cold_code() {
  for (const auto& emit : cold_) emit();
  cold_.clear();
}

// ---- operands ----

Reg Emitter::value(Register r, Reg scratch) {
  if (!is_frame_pointer(r)) return home(r);
  into(Width::w64, scratch, r);
  return scratch;
}

Reg Emitter::right_of(const Operation& op, Reg scratch) {
  if (!op.has_immediate()) return value(op.right, scratch);
  if (op.immediate == 0) return Reg::zr;
  a_.move_immediate(scratch, immediate_of(op));
  return scratch;
}

// dst = left + constant, in the fewest instructions: 24 bits need no register.
void Emitter::add_constant(Width width, Three operands, u64 constant) {
  const auto& [dst, left, scratch, none] = operands;
  if (width == Width::w32) constant = static_cast<u64>(s64{static_cast<s32>(constant)});
  const bool negative = static_cast<s64>(constant) < 0;
  const u64 size = negative ? 0 - constant : constant;
  const Arithmetic op = negative ? Arithmetic::sub : Arithmetic::add;
  if (is_arithmetic_immediate(size)) return a_.arithmetic(op, width, dst, left, size);
  if (size < u64{1} << 24) {
    a_.arithmetic(op, width, dst, left, size & 0xfff000);
    return a_.arithmetic(op, width, dst, dst, size & 0xfff);
  }
  a_.move_immediate(scratch, width == Width::w64 ? constant : static_cast<u32>(constant));
  a_.arithmetic(Arithmetic::add, width, {dst, left, scratch});
}

void Emitter::into(Width width, Reg dst, Register src) {
  if (is_frame_pointer(src)) {
    const auto offset = static_cast<u64>(frame_.frame_pointer);
    return a_.arithmetic(Arithmetic::add, width, dst, Reg::sp, offset);
  }
  if (home(src) != dst) a_.move(width, dst, home(src));
}

}  // namespace skep::jit::aarch64
