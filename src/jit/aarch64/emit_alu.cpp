// Arithmetic of operations, which the machine has with three addresses as they do.
//
// The table at the top is total over the BPF operations; an entry is a function and what
// distinguishes its rows. Division is as BPF wants it: by zero it gives 0, and MIN / -1 wraps
// (DDI 0487, C6.2, UDIV and SDIV), so that dividend - quotient * divisor is every remainder.
#include <bit>

#include "jit/aarch64/emitter.hpp"

namespace skep::jit::aarch64 {
namespace {

using isa::Alu;

constexpr u8 detail_of(auto value) { return static_cast<u8>(value); }

// Whether the distance from a frame pointer is one that an address can have beside the frame's own.
bool is_near(s64 distance) { return distance == static_cast<s16>(distance); }

}  // namespace

constinit const EnumArray<Alu, Emitter::AluRule> Emitter::kAlu({
    {Alu::add, {&Emitter::arithmetic, detail_of(Arithmetic::add)}},
    {Alu::sub, {&Emitter::arithmetic, detail_of(Arithmetic::sub)}},
    {Alu::mul, {&Emitter::multiply}},
    {Alu::div, {&Emitter::divide, detail_of(Division::udiv)}},
    {Alu::sdiv, {&Emitter::divide, detail_of(Division::sdiv)}},
    {Alu::or_, {&Emitter::logical, detail_of(Logical::or_)}},
    {Alu::and_, {&Emitter::logical, detail_of(Logical::and_)}},
    {Alu::lsh, {&Emitter::shift, detail_of(Shift::lsl)}},
    {Alu::rsh, {&Emitter::shift, detail_of(Shift::lsr)}},
    {Alu::neg, {&Emitter::negate}},
    {Alu::mod, {&Emitter::divide, detail_of(Division::udiv)}},
    {Alu::smod, {&Emitter::divide, detail_of(Division::sdiv)}},
    {Alu::xor_, {&Emitter::logical, detail_of(Logical::xor_)}},
    {Alu::mov, {&Emitter::move}},
    {Alu::movsx8, {&Emitter::move_signed, detail_of(Width::w8)}},
    {Alu::movsx16, {&Emitter::move_signed, detail_of(Width::w16)}},
    {Alu::movsx32, {&Emitter::move_signed, detail_of(Width::w32)}},
    {Alu::arsh, {&Emitter::shift, detail_of(Shift::asr)}},
    {Alu::to_le, {&Emitter::truncate}},
    {Alu::to_be, {&Emitter::swap}},
    {Alu::bswap, {&Emitter::swap}},
});

void Emitter::alu(const Operation& op) { (this->*kAlu[op.alu()].emit)(op); }

void Emitter::constant(const Operation& op) {
  a_.move_immediate(home(op.dst), static_cast<u64>(op.immediate));
}

void Emitter::move(const Operation& op) {
  const Reg dst = home(op.dst);
  if (op.has_immediate()) return a_.move_immediate(dst, immediate_of(op));
  if (is_frame_pointer(op.right)) return into(op.width, dst, op.right);
  if (op.width == Width::w32 || home(op.right) != dst) a_.move(op.width, dst, home(op.right));
}

void Emitter::move_signed(const Operation& op) {
  const auto from = static_cast<Width>(kAlu[op.alu()].detail);
  a_.extend_signed(from, op.width, home(op.dst), value(op.right, Reg::x16));
}

void Emitter::arithmetic(const Operation& op) {
  const Reg dst = home(op.dst);
  const bool adds = op.alu() == Alu::add;
  if (op.has_immediate()) {
    const u64 constant = adds ? static_cast<u64>(op.immediate) : 0 - static_cast<u64>(op.immediate);
    if (is_frame_pointer(op.left) && is_near(op.immediate)) {
      const u64 from_sp = constant + static_cast<u64>(frame_.frame_pointer);
      return add_constant(op.width, {dst, Reg::sp, Reg::x17}, from_sp);
    }
    return add_constant(op.width, {dst, value(op.left, Reg::x16), Reg::x17}, constant);
  }
  const Reg left = value(op.left, Reg::x16);
  a_.arithmetic(static_cast<Arithmetic>(kAlu[op.alu()].detail), op.width,
                {dst, left, value(op.right, Reg::x17)});
}

void Emitter::logical(const Operation& op) {
  const auto row = static_cast<Logical>(kAlu[op.alu()].detail);
  const Reg left = value(op.left, Reg::x16);
  if (op.has_immediate() && bit_mask(op.width, immediate_of(op))) {
    return a_.logical(row, op.width, home(op.dst), left, immediate_of(op));
  }
  a_.logical(row, op.width, {home(op.dst), left, right_of(op, Reg::x17)});
}

void Emitter::multiply(const Operation& op) {
  if (op.has_immediate() && multiply_by_constant(op)) return;
  const Reg left = value(op.left, Reg::x16);
  a_.multiply(op.width, {home(op.dst), left, right_of(op, Reg::x17)});
}

// Powers of two, and those that are one more.
bool Emitter::multiply_by_constant(const Operation& op) {
  const u64 factor = immediate_of(op);
  const Reg dst = home(op.dst), left = value(op.left, Reg::x16);
  if (std::has_single_bit(factor)) {
    const auto count = static_cast<u8>(std::countr_zero(factor));
    a_.shift(Shift::lsl, op.width, dst, left, count);
    return true;
  }
  if (factor < 2 || !std::has_single_bit(factor - 1)) return false;
  const auto count = static_cast<u8>(std::countr_zero(factor - 1));
  a_.arithmetic(Arithmetic::add, op.width, {dst, left, left, count});
  return true;
}

void Emitter::shift(const Operation& op) {
  const auto row = static_cast<Shift>(kAlu[op.alu()].detail);
  const Reg dst = home(op.dst), left = value(op.left, Reg::x16);
  if (!op.has_immediate()) {
    return a_.shift_by(row, op.width, {dst, left, value(op.right, Reg::x17)});
  }
  const auto count = static_cast<u8>(op.immediate & (isa::bits_of(op.width) - 1));
  a_.shift(row, op.width, dst, left, count);
}

void Emitter::rotate(const Operation& op) {
  const auto right = static_cast<u8>(isa::bits_of(op.width) - static_cast<u32>(op.immediate));
  a_.rotate_right(op.width, home(op.dst), value(op.left, Reg::x16), right);
}

void Emitter::negate(const Operation& op) {
  a_.arithmetic(Arithmetic::sub, op.width, {home(op.dst), Reg::zr, value(op.left, Reg::x16)});
}

void Emitter::truncate(const Operation& op) {
  const Reg dst = home(op.dst), left = value(op.left, Reg::x16);
  if (op.immediate == 16) return a_.extend(Width::w16, dst, left);
  if (op.immediate == 32) return a_.move(Width::w32, dst, left);
  if (dst != left) a_.move(Width::w64, dst, left);
}

void Emitter::swap(const Operation& op) {
  const Reg dst = home(op.dst), left = value(op.left, Reg::x16);
  if (op.immediate != 16) {
    return a_.swap_bytes(op.immediate == 32 ? Width::w32 : Width::w64, dst, left);
  }
  a_.swap_bytes(Width::w16, dst, left);
  a_.extend(Width::w16, dst, dst);
}

// ---- division ----

void Emitter::divide(const Operation& op) {
  if (op.has_immediate() && divide_by_constant(op)) return;
  const auto row = static_cast<Division>(kAlu[op.alu()].detail);
  const bool remainder = op.alu() == Alu::mod || op.alu() == Alu::smod;
  const Reg dst = home(op.dst), left = value(op.left, Reg::x16), right = right_of(op, Reg::x17);
  if (!remainder) return a_.divide(row, op.width, {dst, left, right});
  a_.divide(row, op.width, {Reg::x9, left, right});
  a_.multiply_subtract(op.width, {dst, Reg::x9, right}, left);
}

// Unsigned powers of two need no division.
bool Emitter::divide_by_constant(const Operation& op) {
  const u64 divisor = immediate_of(op);
  const bool is_unsigned = op.alu() == Alu::div || op.alu() == Alu::mod;
  if (!is_unsigned || !std::has_single_bit(divisor)) return false;
  Operation simple = op;
  const bool remainder = op.alu() == Alu::mod;
  simple.row = detail_of(remainder ? Alu::and_ : Alu::rsh);
  simple.immediate = remainder ? static_cast<s64>(divisor - 1) : std::countr_zero(divisor);
  alu(simple);
  return true;
}

}  // namespace skep::jit::aarch64
