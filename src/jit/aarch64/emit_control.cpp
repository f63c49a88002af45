// Jumps and exits, and the bounds of confined runs.
#include <bit>
#include <cstddef>

#include "jit/aarch64/emitter.hpp"

namespace skep::jit::aarch64 {
namespace {

using interpret::Trap;
using isa::Jump;

// The condition that holds after a comparison of the operands; of `set`, after their test.
constexpr EnumArray<Jump, Condition> kConditions({{Jump::eq, Condition::eq},
                                                  {Jump::ne, Condition::ne},
                                                  {Jump::gt, Condition::hi},
                                                  {Jump::ge, Condition::hs},
                                                  {Jump::lt, Condition::lo},
                                                  {Jump::le, Condition::ls},
                                                  {Jump::set, Condition::ne},
                                                  {Jump::sgt, Condition::gt},
                                                  {Jump::sge, Condition::ge},
                                                  {Jump::slt, Condition::lt},
                                                  {Jump::sle, Condition::le}});

// Comparisons with one number that are questions about zero, or about the sign's bit.
using By = Decision::By;
struct ByRegister {
  s64 bound;
  By by;
};
constexpr EnumArray<Jump, ByRegister> kByRegister({{Jump::eq, {0, By::zero}},
                                                   {Jump::ne, {0, By::not_zero}},
                                                   {Jump::gt, {0, By::not_zero}},
                                                   {Jump::ge, {1, By::not_zero}},
                                                   {Jump::lt, {1, By::zero}},
                                                   {Jump::le, {0, By::zero}},
                                                   {Jump::set, {0, By::bit_set}},  // any one bit
                                                   {Jump::sgt, {-1, By::bit_clear}},
                                                   {Jump::sge, {0, By::bit_clear}},
                                                   {Jump::slt, {0, By::bit_set}},
                                                   {Jump::sle, {-1, By::bit_set}}});

}  // namespace

void Emitter::branch(const Operation& op) {
  if (falls_into(unit_, block_, op.target)) return;
  const Label label = blocks_ + op.target;
  const auto alone = decide_by_register(op);
  if (!alone) {
    compare(op);
    const Condition condition = kConditions[op.jump()];
    return a_.jump_if(op.negated ? inverted(condition) : condition, label);
  }
  const Reg reg = value(op.left, Reg::x16);
  switch (op.negated ? opposite(alone->by) : alone->by) {
    case By::zero: return a_.jump_if_zero(op.width, reg, label);
    case By::not_zero: return a_.jump_unless_zero(op.width, reg, label);
    case By::bit_set: return a_.jump_if_bit(Bit::one, reg, alone->bit, label);
    case By::bit_clear: return a_.jump_if_bit(Bit::zero, reg, alone->bit, label);
  }
}

std::optional<Decision> Emitter::decide_by_register(const Operation& op) {
  if (!op.has_immediate()) return std::nullopt;
  const u64 bound = immediate_of(op);
  const u32 bits = isa::bits_of(op.width);
  if (op.jump() == Jump::set) {
    if (!std::has_single_bit(bound)) return std::nullopt;
    return Decision{By::bit_set, static_cast<u8>(std::countr_zero(bound))};
  }
  const auto& [wanted, by] = kByRegister[op.jump()];
  const s64 compared = bits == 64 ? op.immediate : static_cast<s32>(op.immediate);
  if (compared != wanted) return std::nullopt;
  return Decision{by, static_cast<u8>(bits - 1)};
}

void Emitter::compare(const Operation& op) {
  const Reg left = value(op.left, Reg::x16);
  const u64 bound = immediate_of(op), negated = 0 - static_cast<u64>(op.immediate);
  if (op.jump() == Jump::set) {
    if (op.has_immediate() && bit_mask(op.width, bound)) {
      return a_.logical(Logical::ands, op.width, Reg::zr, left, bound);
    }
    return a_.logical(Logical::ands, op.width, {Reg::zr, left, right_of(op, Reg::x17)});
  }
  if (op.has_immediate() && is_arithmetic_immediate(bound)) {
    return a_.arithmetic(Arithmetic::subs, op.width, Reg::zr, left, bound);
  }
  // The flags are those of the subtraction, but for 0 and the smallest number, which are above.
  if (op.has_immediate() && is_arithmetic_immediate(negated)) {
    return a_.arithmetic(Arithmetic::adds, op.width, Reg::zr, left, negated);
  }
  a_.arithmetic(Arithmetic::subs, op.width, {Reg::zr, left, right_of(op, Reg::x17)});
}

// 1 and -1 are made of zr by the selection itself.
void Emitter::select(const Operation& op) {
  const Reg dst = home(op.dst);
  const bool narrow = op.moved_width == Width::w32;
  Select row = Select::csel;
  Reg from = Reg::zr;
  if (op.moved != kNoRegister) {
    from = narrow ? Reg::x9 : home(op.moved);
    if (narrow) a_.move(Width::w32, from, home(op.moved));
  } else {
    const u64 moved = narrow ? static_cast<u32>(op.offset) : static_cast<u64>(s64{op.offset});
    if (moved == 1) row = Select::csinc;
    if (moved == ~u64{0}) row = Select::csinv;
    if (moved + 1 > 2) a_.move_immediate(from = Reg::x9, moved);
  }
  compare(op);
  a_.select(row, Width::w64, {dst, dst, from}, kConditions[op.jump()]);
}

void Emitter::jump(const Operation& op) {
  if (!falls_into(unit_, block_, op.target)) a_.jump(blocks_ + op.target);
}

void Emitter::may_goto(const Operation& op) {
  const Memory budget = confined() ? state(offsetof(State, loops)) : memory(Reg::sp, *frame_.loops);
  a_.load(Width::w64, Reg::x16, budget);
  a_.jump_if_zero(Width::w64, Reg::x16, blocks_ + op.target);
  a_.arithmetic(Arithmetic::sub, Width::w64, Reg::x16, Reg::x16, 1);
  a_.store(Width::w64, budget, Reg::x16);
}

// Confined code leaves r0 where it is: only its entry returns to C.
void Emitter::exit(const Operation&) {
  if (!confined()) {
    a_.move(Width::w64, Reg::x0, home(isa::kR0));
    epilogue();
  }
  a_.ret();
}

// ---- the bounds of confined runs ----

void Emitter::pay(const Block& block) {
  const Memory fuel = fuel_left();
  a_.load(Width::w64, Reg::x17, fuel);
  a_.arithmetic(Arithmetic::subs, Width::w64, Reg::x17, Reg::x17, block.charge);
  a_.jump_if(Condition::lo, trap_at(block.from, Trap::fuel));
  a_.store(Width::w64, fuel, Reg::x17);
}

// Where a trap is taken: x16 has its address. Verified code has none but calls through a register,
// which no verifier accepts yet.
Label Emitter::trap_at(u32 instruction, Trap trap) {
  const Label label = a_.make_label();
  aside([this, label, instruction, trap] {
    a_.bind(label);
    if (!confined()) return trap == Trap::fuel ? note_stop(instruction) : a_.trap();
    a_.store(Width::w64, state(offsetof(State, address)), Reg::x16);
    a_.move_immediate(Reg::x17, instruction);
    a_.store(Width::w32, state(offsetof(State, instruction)), Reg::x17);
    a_.move_immediate(Reg::x17, static_cast<u64>(trap));
    a_.store(Width::w32, state(offsetof(State, trap)), Reg::x17);
    a_.jump(leave_);
  });
  return label;
}

}  // namespace skep::jit::aarch64
