// Arithmetic of operations, in the machine's two-address form.
//
// The table at the top is total over the BPF operations; an entry is a function and what
// distinguishes its rows. Division needs rax and rdx: they are saved only where something lives in
// them.
#include <bit>

#include "jit/x86_64/emitter.hpp"

namespace skep::jit::x86_64 {
namespace {

using isa::Alu;
using isa::Width;

constexpr u8 detail_of(Arithmetic op) { return static_cast<u8>(op); }
constexpr u8 detail_of(Shift op) { return static_cast<u8>(op); }
constexpr u8 detail_of(Width width) { return static_cast<u8>(width); }

s32 immediate_32(const Operation& op) { return static_cast<s32>(op.immediate); }

// Whether the distance from a frame pointer is one that an address can have beside the frame's own.
bool is_near(s64 distance) { return distance == static_cast<s16>(distance); }

bool is_signed_division(Alu alu) { return alu == Alu::sdiv || alu == Alu::smod; }
bool wants_remainder(Alu alu) { return alu == Alu::mod || alu == Alu::smod; }

}  // namespace

constinit const EnumArray<Alu, Emitter::AluRule> Emitter::kAlu({
    {Alu::add, {&Emitter::add}},
    {Alu::sub, {&Emitter::arithmetic, detail_of(Arithmetic::sub)}},
    {Alu::mul, {&Emitter::multiply}},
    {Alu::div, {&Emitter::divide}},
    {Alu::sdiv, {&Emitter::divide}},
    {Alu::or_, {&Emitter::arithmetic, detail_of(Arithmetic::or_)}},
    {Alu::and_, {&Emitter::mask, detail_of(Arithmetic::and_)}},
    {Alu::lsh, {&Emitter::shift, detail_of(Shift::shl)}},
    {Alu::rsh, {&Emitter::shift, detail_of(Shift::shr)}},
    {Alu::neg, {&Emitter::negate}},
    {Alu::mod, {&Emitter::divide}},
    {Alu::smod, {&Emitter::divide}},
    {Alu::xor_, {&Emitter::arithmetic, detail_of(Arithmetic::xor_)}},
    {Alu::mov, {&Emitter::move}},
    {Alu::movsx8, {&Emitter::move_signed, detail_of(Width::w8)}},
    {Alu::movsx16, {&Emitter::move_signed, detail_of(Width::w16)}},
    {Alu::movsx32, {&Emitter::move_signed, detail_of(Width::w32)}},
    {Alu::arsh, {&Emitter::shift, detail_of(Shift::sar)}},
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
  a_.extend_signed(from, op.width, home(op.dst), value(op.right, Reg::r11));
}

void Emitter::add(const Operation& op) {
  const Reg dst = home(op.dst);
  if (is_frame_pointer(op.left) && op.has_immediate() && is_near(op.immediate)) {
    return a_.load_address(op.width, dst, address(op.left, immediate_32(op)));
  }
  const Reg left = value(op.left, Reg::r11);
  if (op.has_immediate()) {
    if (dst == left) return a_.arithmetic(Arithmetic::add, op.width, direct(dst), immediate_32(op));
    return a_.load_address(op.width, dst, memory(left, immediate_32(op)));
  }
  const Reg right = value(op.right, Reg::r10);
  if (dst == left) return a_.arithmetic(Arithmetic::add, op.width, direct(dst), right);
  if (dst == right) return a_.arithmetic(Arithmetic::add, op.width, direct(dst), left);
  a_.load_address(op.width, dst, memory(left, right, 0));
}

// dst = left; dst OP= right. Lowering never makes dst the right operand alone.
void Emitter::arithmetic(const Operation& op) {
  const auto row = static_cast<Arithmetic>(kAlu[op.alu()].detail);
  const Reg dst = home(op.dst);
  EXPECT(op.has_immediate() || op.right != op.dst || op.left == op.dst);
  into(op.width, dst, op.left);
  if (op.has_immediate()) {
    a_.arithmetic(row, op.width, direct(dst), immediate_32(op));
  } else {
    a_.arithmetic(row, op.width, direct(dst), value(op.right, Reg::r11));
  }
}

void Emitter::mask(const Operation& op) {
  const Reg dst = home(op.dst);
  if (!op.has_immediate() || op.immediate < 0) return arithmetic(op);
  if (op.immediate == 0xff) return a_.extend(Width::w8, dst, value(op.left, Reg::r11));
  if (op.immediate == 0xffff) return a_.extend(Width::w16, dst, value(op.left, Reg::r11));
  Operation narrow = op;
  narrow.width = Width::w32;  // the mask has no upper half
  arithmetic(narrow);
}

void Emitter::multiply(const Operation& op) {
  const Reg dst = home(op.dst);
  if (!op.has_immediate()) {
    into(op.width, dst, op.left);
    return a_.multiply(op.width, dst, direct(value(op.right, Reg::r11)));
  }
  const u64 factor = immediate_of(op);
  if (multiply_by_sum(op, factor)) return;
  if (!std::has_single_bit(factor)) {
    return a_.multiply(op.width, dst, direct(value(op.left, Reg::r11)), immediate_32(op));
  }
  Operation shifted = op;
  shifted.row = static_cast<u8>(Alu::lsh);
  shifted.immediate = std::countr_zero(factor);
  shift(shifted);
}

// By 3, 5 and 9, or one more or less than a power of two: one or two cycles instead of three.
bool Emitter::multiply_by_sum(const Operation& op, u64 factor) {
  const Reg dst = home(op.dst), left = value(op.left, Reg::r11);
  if (factor == 3 || factor == 5 || factor == 9) {
    Operand sum = memory(left, left, 0);
    sum.scale = static_cast<u8>(std::countr_zero(factor - 1));
    a_.load_address(op.width, dst, sum);
    return true;
  }
  const bool less = std::has_single_bit(factor + 1);
  if (factor < 7 || !(less || std::has_single_bit(factor - 1)) || factor > INT32_MAX) return false;
  if (left == Reg::r11) return false;
  const Reg once = dst == left ? Reg::r11 : left;
  a_.move(Width::w64, dst == left ? once : dst, left);
  a_.shift(Shift::shl, op.width, dst,
           static_cast<u8>(std::countr_zero(less ? factor + 1 : factor - 1)));
  a_.arithmetic(less ? Arithmetic::sub : Arithmetic::add, op.width, direct(dst), once);
  return true;
}

void Emitter::shift(const Operation& op) {
  if (!op.has_immediate()) return shift_by_register(op);
  const auto row = static_cast<Shift>(kAlu[op.alu()].detail);
  const Reg dst = home(op.dst);
  const auto count = static_cast<u8>(op.immediate & (isa::bits_of(op.width) - 1));
  into(op.width, dst, op.left);
  if (count != 0) {
    a_.shift(row, op.width, dst, count);
  } else if (op.width == Width::w32) {
    a_.move(Width::w32, dst, dst);
  }
}

void Emitter::shift_by_register(const Operation& op) {
  const auto row = static_cast<Shift>(kAlu[op.alu()].detail);
  const Reg dst = home(op.dst);
  const Reg count = value(op.right, Reg::r10);
  const Reg left = value(op.left, Reg::r11);
  if (target_.has_bmi2) return a_.shift_by(row, op.width, dst, direct(left), count);
  // The count must be in cl, which may be home to anything, dst included.
  if (left != Reg::r11) a_.move(Width::w64, Reg::r11, left);
  if (count == Reg::rcx) {
    a_.shift_by_cl(row, op.width, Reg::r11);
  } else {
    a_.push(Reg::rcx);
    a_.move(Width::w32, Reg::rcx, count);
    a_.shift_by_cl(row, op.width, Reg::r11);
    a_.pop(Reg::rcx);
  }
  a_.move(op.width, dst, Reg::r11);
}

void Emitter::rotate(const Operation& op) {
  const Reg dst = home(op.dst), left = value(op.left, Reg::r11);
  const auto count = static_cast<u8>(op.immediate);
  if (dst != left && target_.has_bmi2)
    return a_.rotate_right(op.width, dst, left, static_cast<u8>(isa::bits_of(op.width) - count));
  if (dst != left) a_.move(op.width, dst, left);
  a_.rotate_left(op.width, dst, count);
}

void Emitter::negate(const Operation& op) {
  into(op.width, home(op.dst), op.left);
  a_.unary(Unary::neg, op.width, direct(home(op.dst)));
}

void Emitter::truncate(const Operation& op) {
  const Reg dst = home(op.dst);
  if (op.immediate == 16) return a_.extend(Width::w16, dst, value(op.left, Reg::r11));
  into(Width::w64, dst, op.left);
  if (op.immediate == 32) a_.move(Width::w32, dst, dst);
}

void Emitter::swap(const Operation& op) {
  const Reg dst = home(op.dst);
  into(Width::w64, dst, op.left);
  if (op.immediate != 16) {
    return a_.swap_bytes(op.immediate == 32 ? Width::w32 : Width::w64, dst);
  }
  a_.rotate_left(Width::w16, dst, 8);
  a_.extend(Width::w16, dst, dst);
}

// ---- division ----

// Division by 0 gives 0 and modulo 0 the dividend; MIN / -1 wraps (isa/tables.hpp). Both leave the
// straight path.
void Emitter::divide(const Operation& op) {
  if (op.has_immediate() && divide_by_constant(op)) return;
  const bool remainder = wants_remainder(op.alu());
  const Label done = a_.make_label();
  const auto leave = [&](Condition condition, auto emit) {
    const Label label = a_.make_label();
    a_.jump_if(condition, label);
    aside([this, label, done, emit] {
      a_.bind(label);
      emit();
      a_.jump(done);
    });
  };
  const Reg dst = home(op.dst);
  if (op.has_immediate()) {
    a_.move_immediate(Reg::r11, immediate_of(op));
  } else {
    into(op.width, Reg::r11, op.right);
    a_.test(op.width, Reg::r11, Reg::r11);
    leave(Condition::e, [this, op, dst, remainder] {
      if (!remainder) return a_.move_immediate(dst, 0);
      a_.move(op.width, dst, value(op.left, Reg::r11));
    });
    if (is_signed_division(op.alu())) {
      a_.arithmetic(Arithmetic::cmp, op.width, direct(Reg::r11), -1);
      leave(Condition::e, [this, op, dst, remainder] {
        if (remainder) return a_.move_immediate(dst, 0);
        negate(op);
      });
    }
  }
  divide_in_rax(op, Reg::r11);
  a_.bind(done);
}

// Divisors that need no division. The others are neither 0 nor, when signed, -1.
bool Emitter::divide_by_constant(const Operation& op) {
  const u64 divisor = immediate_of(op);
  const bool remainder = wants_remainder(op.alu());
  const Reg dst = home(op.dst);
  Operation simple = op;
  const auto becomes = [&](Alu alu, s64 immediate) {
    simple.row = static_cast<u8>(alu);
    simple.immediate = immediate;
    this->alu(simple);
    return true;
  };
  if (divisor == 0 && !remainder) return a_.move_immediate(dst, 0), true;
  if (divisor == 0) return a_.move(op.width, dst, value(op.left, Reg::r11)), true;
  if (is_signed_division(op.alu())) {
    if (op.immediate != -1) return false;
    if (remainder) return a_.move_immediate(dst, 0), true;
    return negate(op), true;
  }
  if (!std::has_single_bit(divisor) || divisor > u64{1} << 31) return false;
  return remainder ? becomes(Alu::and_, static_cast<s64>(divisor - 1))
                   : becomes(Alu::rsh, std::countr_zero(divisor));
}

void Emitter::divide_in_rax(const Operation& op, Reg divisor) {
  const Reg dst = home(op.dst);
  const Reg result = wants_remainder(op.alu()) ? Reg::rdx : Reg::rax;
  const bool keep_rax = dst != Reg::rax && is_live(op, Reg::rax);
  const bool keep_rdx = dst != Reg::rdx && is_live(op, Reg::rdx);
  const Reg left = value(op.left, Reg::r10);
  if (left != Reg::rax) {
    if (keep_rax) a_.push(Reg::rax);
    a_.move(op.width, Reg::rax, left);
  } else if (keep_rax) {
    a_.push(Reg::rax);
  }
  if (keep_rdx) a_.move(Width::w64, Reg::r10, Reg::rdx);
  if (is_signed_division(op.alu())) {
    a_.sign_into_rdx(op.width);
    a_.unary(Unary::idiv, op.width, direct(divisor));
  } else {
    a_.move_immediate(Reg::rdx, 0);
    a_.unary(Unary::div, op.width, direct(divisor));
  }
  if (dst != result) a_.move(op.width, dst, result);
  if (keep_rdx) a_.move(Width::w64, Reg::rdx, Reg::r10);
  if (keep_rax) a_.pop(Reg::rax);
}

}  // namespace skep::jit::x86_64
