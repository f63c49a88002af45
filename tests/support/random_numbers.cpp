// Parts of random programs that compute, and that learn what a number may be.
#include "support/random_writer.hpp"

namespace skep::test {

u8 Writer::number() {
  const u8 r = holding(Belief::number);
  if (r != kNoRegister) return r;
  const u8 made = target();
  put(load(Width::w32, made, kContext, around_.numbers[choices_.below(2)]));
  now_[made] = {Belief::number, 0};
  return made;
}

// n < most from here on; there are many ways to write it.
void Writer::make_bounded(u8 n, u32 most) {
  if (now_[n].what != Belief::number) return;
  if (now_[n].bytes != 0 && now_[n].bytes <= most && !choices_.one_in(6)) return;
  const s64 limit = most + (errs() ? 1 : 0);
  const Width w = choices_.one_in(5) ? Width::w32 : Width::w64;
  const bool locked = is_locked(n);
  switch (choices_.below(locked ? 3 : 9)) {
    case 0: leave_if(jump(Jump::ge, n, limit, 0)); break;
    case 1: leave_if(jump(Jump::gt, n, limit - 1, 0)); break;
    case 2:
      leave_if(jump(Jump::sge, n, limit, 0, w));
      leave_if(jump(Jump::slt, n, 0, 0, w));
      if (w == Width::w32 && !locked) put(alu_reg(Alu::mov, n, n, Width::w32));
      break;
    case 3: put(alu(Alu::mod, n, limit)); break;
    case 4: put(alu(Alu::and_, n, (1 << (31 - __builtin_clz(most))) - 1)); break;
    case 5:
      put(alu_reg(Alu::mov, n, n, Width::w32));
      leave_if(jump(Jump::ge, n, limit, 0, Width::w32));
      break;
    case 6: leave_if(jump(Jump::set, n, ~s64{(1 << (31 - __builtin_clz(most))) - 1}, 0)); break;
    case 7:  // replaced where it is too large
      put(jump(Jump::lt, n, limit, here() + 2));
      put(mov(n, choices_.below(most)));
      break;
    default: put(alu(Alu::rsh, n, 64 - (31 - __builtin_clz(most)))); break;
  }
  now_[n].bytes = most;
}

void Writer::compute() {
  const u8 a = number();
  if (is_locked(a) || now_[a].what != Belief::number) return;
  const auto op = static_cast<Alu>(choices_.below(kCount<Alu>));
  const Width w = choices_.one_in(3) ? Width::w32 : Width::w64;
  const Operands operands = kAlu[op].operands;
  now_[a] = {Belief::number, 0};
  if (op == Alu::neg) return put(alu(op, a, 0, w));
  if (operands == Operands::byte_order) return put(alu(op, a, 16 << choices_.below(3)));
  const bool is_wide = op == Alu::movsx32;
  if (operands == Operands::register_only)
    return put(alu_reg(op, a, number(), is_wide ? Width::w64 : w));
  if (choices_.one_in(2)) return put(alu_reg(op, a, number(), w));
  const bool shifts = op == Alu::lsh || op == Alu::rsh || op == Alu::arsh;
  const s64 amount = shifts ? 1 + choices_.below(20) : choices_.below(70);
  const bool is_negative = !shifts && choices_.one_in(5);
  put(alu(op, a, is_negative ? -std::max<s64>(amount, 1) : std::max<s64>(amount, 1), w));
}

// A number is learned of by what is known of another one: a copy, a copy and something, a bound.
void Writer::relate() {
  const u8 a = number(), b = target();
  if (a == b || now_[a].what != Belief::number) return;
  const u32 most = 2 + choices_.below(40);
  const u32 added = choices_.one_in(2) ? 1 + choices_.below(3) : 0;
  const bool half = choices_.one_in(4);
  if (choices_.one_in(3)) {  // a < b < most
    const u8 c = number();
    if (c == b || c == a) return;
    put(mov_reg(b, c));
    now_[b] = {Belief::number, 0};
    make_bounded(b, most);
    leave_if(jump_reg(choices_.one_in(2) ? Jump::ge : Jump::gt, a, b, 0));
    now_[a].bytes = most;
    return;
  }
  if (half && !is_locked(a)) put(alu_reg(Alu::mov, a, a, Width::w32));
  put(mov_reg(b, a));
  now_[b] = {Belief::number, 0};
  if (added != 0) put(alu(Alu::add, b, added));
  leave_if(jump(Jump::ge, b, most, 0, half ? Width::w32 : Width::w64));
  now_[b].bytes = most;
  // Without wrapping round; that the number is so small as well is what is to be found out.
  if (half || choices_.one_in(3)) now_[a].bytes = most;
}

void Writer::copy() {
  const u8 from = any_register(), to = target();
  if (now_[from].what == Belief::nothing) return;
  const bool half = now_[from].what == Belief::number && choices_.one_in(4);
  put(half ? alu_reg(Alu::mov, to, from, Width::w32) : mov_reg(to, from));
  now_[to] = now_[from];
}

void Writer::choose_constant() {
  const u8 dst = target();
  const u32 value = choices_.below(40);
  put(mov(dst, value));
  now_[dst] = {Belief::number, value + 1};
}

// A number that is small on the way that is walked first, and perhaps too large on the other one;
// behind joins it moves a pointer or decides a branch. This is what wrong pruning lets through.
void Writer::two_values() {
  const u8 r = kept_register();
  if (depth_ >= kDepthMax || r == kNoRegister) return;
  const u8 n = number();
  if (n == r) return;
  const bool unsafe = choices_.one_in(2);
  const u32 small = choices_.below(8), large = unsafe ? kGlobalBytes + small : small + 1;
  put(mov(r, large));
  const u32 skip = here();
  put(jump(static_cast<Jump>(choices_.below(kCount<Jump>)), n, choices_.below(40), skip + 2));
  put(mov(r, small));
  code_[skip].target = InstructionIndex(here());
  now_[r] = {Belief::number, 0};
  const u32 way = choices_.below(4);
  const s16 place = static_cast<s16>(-56 - 8 * static_cast<s32>(depth_));
  if (way == 1) put(store_reg(Width::w64, 10, place, r));
  if (way == 2) put(alu(Alu::add, r, 3));
  ++depth_;
  locked_ |= 1u << r;
  for (u32 joins = 1 + choices_.below(4); joins-- > 0;) diamond();
  locked_ &= ~(1u << r);
  --depth_;
  if (way == 1) put(load(Width::w64, r, 10, place));
  if (way == 2) put(alu(Alu::sub, r, 3, Width::w32));
  use_as_index(r, small);
}

void Writer::use_as_index(u8 r, u32 small) {
  put_value(0, kGlobals, 0);
  if (choices_.one_in(3)) {  // decides a branch: only the other number comes to the bad access
    put(jump(Jump::le, r, small + 1, here() + 2));
    put(load(Width::w8, 0, 0, kGlobalBytes));
  } else {
    const bool copied = choices_.one_in(2);
    if (copied) put(mov_reg(5, r));
    put(alu_reg(Alu::add, 0, copied ? 5 : r));
  }
  put(load(Width::w8, 0, 0, 0));
  if (now_[5].what != Belief::nothing) now_[5] = {};
  now_[0] = {Belief::number, 256};
  now_[r] = {Belief::number, 0};
}

}  // namespace skep::test
