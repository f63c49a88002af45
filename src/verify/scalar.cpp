#include "verify/scalar.hpp"

#include "base/text.hpp"
#include "isa/tables.hpp"

namespace skep::verify {
namespace {

using isa::Alu;
using isa::Jump;
using isa::Width;

constexpr u64 kLow = 0xffffffff;

constexpr bool is_one_block(const Word<u64>& full) { return full.umin >> 32 == full.umax >> 32; }
constexpr bool is_signed_half(const Word<u64>& full) {
  return full.smin >= Word<u32>::kSignedMin && full.smax <= Word<u32>::kSignedMax;
}

// What `full` says of its low half: known bits, and the range when it lies inside one block of
// 2^32.
constexpr Word<u32> low_half(const Word<u64>& full) {
  Word<u32> low = Word<u32>::loose_bits(static_cast<u32>(full.value), static_cast<u32>(full.mask));
  if (is_one_block(full)) {
    low.umin = static_cast<u32>(full.umin);
    low.umax = static_cast<u32>(full.umax);
  }
  if (is_signed_half(full)) {
    low.smin = static_cast<s32>(full.smin);
    low.smax = static_cast<s32>(full.smax);
  }
  return low;
}

// What `half` says of the word `full`: known bits, the range below a constant upper half, and the
// signed range when the word is one of 32 bits.
constexpr Word<u64> with_half(const Word<u64>& full, const Word<u32>& half) {
  Word<u64> high = Word<u64>::loose_bits(half.value, half.mask | ~kLow);
  if (is_one_block(full)) {
    high.umin = (full.umin & ~kLow) | half.umin;
    high.umax = (full.umin & ~kLow) | half.umax;
  }
  if (is_signed_half(full)) {
    high.smin = half.smin;
    high.smax = half.smax;
  }
  return high;
}

constexpr bool couple_words(Word<u64>& full, Word<u32>& half) {
  for (int round = 0; round < 2; ++round) {
    if (full.is_constant()) {
      const u32 low = static_cast<u32>(full.umin);
      if (!half.contains(low)) return false;
      half = Word<u32>::constant(low);
      return true;
    }
    if (!half.intersect(low_half(full))) return false;
    const Word<u64> before = full;
    if (!full.intersect(with_half(full, half))) return false;
    if (full == before) break;
  }
  return true;
}

// A word of 32 bits, the upper half zero: what is known of the half is all.
constexpr Scalar from_half(const Word<u32>& half) {
  return {{half.value, half.mask, half.umin, half.umax, half.umin, half.umax}, half};
}

// Nothing is known of the half but what `full` says, so it says nothing new of `full`.
constexpr Scalar from_full(const Word<u64>& full) {
  Scalar out{full, low_half(full)};
  out.half.tighten();
  return out;
}

// Below 2^31 halves say the same as the words.
constexpr bool is_small(const Scalar& a) {
  return a.full.umax <= static_cast<u64>(Word<u32>::kSignedMax);
}

// The part of a binary operation that is the same for every width.
template <class U>
Word<U> binary(Alu operation, const Word<U>& a, const Word<U>& b) {
  switch (operation) {
    case Alu::add: return add(a, b);
    case Alu::sub: return sub(a, b);
    case Alu::mul: return mul(a, b);
    case Alu::div: return div(a, b);
    case Alu::sdiv: return sdiv(a, b);
    case Alu::or_: return bit_or(a, b);
    case Alu::and_: return bit_and(a, b);
    case Alu::lsh: return lsh(a, b);
    case Alu::rsh: return rsh(a, b);
    case Alu::neg: return sub(Word<U>::constant(0), a);
    case Alu::mod: return mod(a, b);
    case Alu::smod: return smod(a, b);
    case Alu::xor_: return bit_xor(a, b);
    case Alu::mov: return b;
    case Alu::arsh: return arsh(a, b);
    case Alu::movsx8:
    case Alu::movsx16:
    case Alu::movsx32:
    case Alu::to_le:
    case Alu::to_be:
    case Alu::bswap:
    case Alu::count_: break;
  }
  return Word<U>::unknown();
}

// Whether the low half of the result depends on the low halves of the operands alone.
bool acts_on_halves(Alu operation, const Scalar& b) {
  switch (operation) {
    case Alu::add:
    case Alu::sub:
    case Alu::mul:
    case Alu::or_:
    case Alu::and_:
    case Alu::xor_:
    case Alu::neg:
    case Alu::mov: return true;
    case Alu::lsh: return b.full.umax < 32;
    default: return false;
  }
}

template <class U>
Word<U> sign_extension(const Word<U>& a, int bits) {
  using S = typename Word<U>::S;
  if (bits >= Word<U>::kBits) return a;
  const Word<U> up = Word<U>::constant(static_cast<U>(Word<U>::kBits - bits));
  const S most = static_cast<S>((S{1} << (bits - 1)) - 1);
  const S least = static_cast<S>(-most - 1);
  if (a.smin >= least && a.smax <= most) return a;
  Word<U> out = arsh(lsh(a, up), up);
  out.intersect(Word<U>::signed_range(least, most));
  return out;
}

Scalar move_signed(int bits, Width width, const Scalar& source) {
  if (width == Width::w32) return from_half(sign_extension(source.half, bits));
  if (bits == 32) {
    Scalar out{Word<u64>::signed_range(source.half.smin, source.half.smax), source.half};
    const Word<u64> up = Word<u64>::constant(32);
    out.full.intersect(arsh(lsh(source.full, up), up));
    out.couple();
    return out;
  }
  return from_full(sign_extension(source.full, bits));
}

Scalar in_byte_order(Alu operation, const Scalar& a, u64 bits) {
  const u64 kept = bits == 64 ? ~u64{0} : (u64{1} << bits) - 1;
  if (operation == Alu::to_le) {
    return from_full(bit_and(a.full, Word<u64>::constant(kept)));
  }
  const auto swap = isa::kAlu[Alu::bswap].eval64;
  return from_full(
      Word<u64>::known_bits(swap(a.full.value & kept, bits), swap(a.full.mask & kept, bits)));
}

template <class U>
bool assume_word(Jump relation, Word<U>& a, Word<U>& b) {
  switch (relation) {
    case Jump::eq: {
      if (!a.intersect(b)) return false;
      b = a;
      return true;
    }
    case Jump::ne: {
      const Word<U> old_a = a;
      return detail::assume_not(a, b) && detail::assume_not(b, old_a);
    }
    case Jump::gt: return detail::assume_less(b, a, U{1});
    case Jump::ge: return detail::assume_less(b, a, U{0});
    case Jump::lt: return detail::assume_less(a, b, U{1});
    case Jump::le: return detail::assume_less(a, b, U{0});
    case Jump::sgt: return detail::assume_less_signed(b, a, 1);
    case Jump::sge: return detail::assume_less_signed(b, a, 0);
    case Jump::slt: return detail::assume_less_signed(a, b, 1);
    case Jump::sle: return detail::assume_less_signed(a, b, 0);
    case Jump::set: {
      const Word<U> old_a = a;
      return detail::assume_common_bit(a, b) && detail::assume_common_bit(b, old_a);
    }
    case Jump::count_: break;
  }
  return true;
}

template <class U>
bool assume_clear(Word<U>& a, Word<U>& b) {
  const Word<U> old_a = a;
  return detail::assume_disjoint(a, b) && detail::assume_disjoint(b, old_a);
}

// What loads give, made once.
constexpr Scalar below(int bits) {
  return from_full(Word<u64>::unsigned_range(0, (u64{1} << bits) - 1));
}
constexpr Scalar around_zero(int bits) {
  const s64 most = (s64{1} << (bits - 1)) - 1;
  return from_full(Word<u64>::signed_range(-most - 1, most));
}
constexpr EnumArray<Width, Scalar> kZeroExtended({{Width::w8, below(8)},
                                                  {Width::w16, below(16)},
                                                  {Width::w32, below(32)},
                                                  {Width::w64, Scalar()}});
constexpr EnumArray<Width, Scalar> kSignExtended({{Width::w8, around_zero(8)},
                                                  {Width::w16, around_zero(16)},
                                                  {Width::w32, around_zero(32)},
                                                  {Width::w64, Scalar()}});

}  // namespace

Scalar Scalar::constant(u64 value) {
  return {Word<u64>::constant(value), Word<u32>::constant(static_cast<u32>(value))};
}

Scalar Scalar::zero_extended(Width width) { return kZeroExtended[width]; }

Scalar Scalar::sign_extended(Width width) { return kSignExtended[width]; }

Scalar Scalar::signed_range(s64 low, s64 high) {
  return from_full(Word<u64>::signed_range(low, high));
}

Scalar Scalar::range(u64 low, u64 high) { return from_full(Word<u64>::unsigned_range(low, high)); }

bool Scalar::couple() { return couple_words(full, half); }

Scalar apply(Alu operation, Width width, const Scalar& a, const Scalar& b) {
  if (a.is_constant() && b.is_constant()) {
    const isa::AluRow& row = isa::kAlu[operation];
    if (width == Width::w64) return Scalar::constant(row.eval64(a.value(), b.value()));
    return Scalar::constant(row.eval32(static_cast<u32>(a.value()), static_cast<u32>(b.value())));
  }
  switch (operation) {
    case Alu::movsx8: return move_signed(8, width, b);
    case Alu::movsx16: return move_signed(16, width, b);
    case Alu::movsx32: return move_signed(32, width, b);
    case Alu::to_le:
    case Alu::to_be:
    case Alu::bswap: return in_byte_order(operation, a, b.value());
    default: break;
  }
  if (width == Width::w32) return from_half(binary(operation, a.half, b.half));
  Scalar out = from_full(binary(operation, a.full, b.full));
  // Compilers extend signs by << 32 and s>> 32: the order of the lower halves is kept by the first.
  if (operation == Alu::lsh && b.is_constant() && b.value() == 32) {
    constexpr s64 kHalf = s64{1} << 32;
    out.full.intersect(Word<u64>::signed_range(a.half.smin * kHalf, a.half.smax * kHalf));
    out.couple();
  }
  const bool same_for_halves = is_small(a) && is_small(b) && is_small(out);
  if (acts_on_halves(operation, b) && !same_for_halves) {
    out.half.intersect(binary(operation, a.half, b.half));
    out.couple();
  }
  return out;
}

Scalar truncated(const Scalar& a, Width width) {
  if (width == Width::w64) return a;
  if (width == Width::w32) return from_half(a.half);
  return from_full(bit_and(a.full, Word<u64>::constant((u64{1} << isa::bits_of(width)) - 1)));
}

bool assume(Jump relation, Holds holds, Width width, Scalar& a, Scalar& b) {
  const bool clear = relation == Jump::set && holds == Holds::no;
  const Jump actual = holds == Holds::yes ? relation : isa::kJump[relation].negated;
  const auto learn = [&](auto& left, auto& right) {
    const auto old_left = left, old_right = right;
    if (!(clear ? assume_clear(left, right) : assume_word(actual, left, right))) return false;
    return (left == old_left || a.couple()) && (right == old_right || b.couple());
  };
  return width == Width::w64 ? learn(a.full, b.full) : learn(a.half, b.half);
}

std::string describe(const Scalar& scalar) {
  const Word<u64>& w = scalar.full;
  if (w.is_constant()) {
    return w.smin < 0 && w.smin > -65536 ? format("{}", w.smin) : format("{}", w.umin);
  }
  if (w.umin == 0 && w.umax == ~u64{0}) {
    if (w.smin != Word<u64>::kSignedMin || w.smax != Word<u64>::kSignedMax) {
      return format("{} to {}", w.smin, w.smax);
    }
    return "any number";
  }
  if (w.umax > (u64{1} << 48) && w.smin > -(s64{1} << 48))
    return format("{} to {}", w.smin, w.smax);
  return format("{} to {}", w.umin, w.umax);
}

}  // namespace skep::verify
