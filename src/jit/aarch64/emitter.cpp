#include "jit/aarch64/emitter.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace skep::jit::aarch64 {
namespace {

constexpr MachineRegister number(Reg reg) { return static_cast<MachineRegister>(reg); }

constexpr MachineRegisterList kFixed = {{number(Reg::x7), number(Reg::x0), number(Reg::x1),
                                         number(Reg::x2), number(Reg::x3), number(Reg::x4)},
                                        6};
constexpr MachineRegisterList kVolatile = {
    {number(Reg::x6), number(Reg::x12), number(Reg::x13), number(Reg::x14)}, 4};
constexpr MachineRegisterList kPreserved = {
    {number(Reg::x19), number(Reg::x20), number(Reg::x21), number(Reg::x22)}, 4};
constexpr std::array kConfinedHomes = {Reg::x7,  Reg::x0,  Reg::x1,  Reg::x2,  Reg::x3, Reg::x4,
                                       Reg::x19, Reg::x20, Reg::x21, Reg::x22, Reg::x23};
constexpr std::array kConfinedSaved = {Reg::x29, Reg::x30, Reg::x19, Reg::x20,
                                       Reg::x21, Reg::x22, Reg::x23, Reg::x24};
constexpr s32 kSlot = 8;

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

RegisterFile register_file(const Needs&) {
  return {kFixed, kVolatile, kPreserved, number(Reg::x15)};
}

Emitter::Emitter(const Unit& unit, const platform::Bindings& bindings, const Target& target,
                 const Confines& confines)
    : unit_(unit),
      bindings_(bindings),
      target_(target),
      confines_(confines),
      needs_(needs_of(unit)) {
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
  push(kConfinedSaved);
  a_.arithmetic(Arithmetic::add, Width::w64, Reg::x29, Reg::sp, 0);
  a_.move(Width::w64, Reg::x24, Reg::x1);
  a_.store(Width::w64, state(offsetof(State, stack_pointer)), Reg::x29);
  for (Reg reg : kConfinedHomes) a_.move_immediate(reg, 0);
  a_.move_immediate(Reg::x0, confines_.memory);
  a_.move_immediate(Reg::x1, confines_.memory_bytes);
  a_.move_immediate(Reg::x23, confines_.stack_end);
  a_.call(entries_);
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
  a_.arithmetic(Arithmetic::add, Width::w64, Reg::x8, Reg::sp, u64{2} * kSlot);
  a_.call(entries_);
  a_.load_pair(Indexing::after, Reg::x29, Reg::x30, memory(Reg::sp, 4 * kSlot));
  a_.ret();
}

void Emitter::function(std::size_t at) {
  const Function& function = unit_.functions[at];
  if (confined()) {
    for (Register r = 0; r < isa::kRegisters; ++r) allocation_.home[r] = number(kConfinedHomes[r]);
  } else {
    allocation_ = allocate(function.use, register_file(needs_));
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

void Emitter::block(u32 number) {
  block_ = number;
  const Block& block = unit_.blocks[number];
  a_.bind(blocks_ + number);
  if (unit_.pays) {
    a_.mark(block.from);
    pay(block);
  }
  for (u32 at = block.begin; at < block.end; ++at) {
    const Operation& op = unit_.operations[at];
    a_.mark(op.from);
    (this->*kEmit[op.kind])(op);
  }
  if (block.jump_to == kNoBlock) return;
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
