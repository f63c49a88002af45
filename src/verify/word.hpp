// What is known of a machine word: the abstract domain of numbers, for any width.
//
// A Word is a reduced product of three views of the same set of values: which bits are known (a
// tristate number), an unsigned range and a signed range. Each view is kept as tight as the other
// two allow (tighten()). The operations are sound: the result holds every value that the operation
// can give for operands that the inputs hold. They are templates over the word, so that tests can
// check them exhaustively on eight bits and the verifier can use them on 32 and 64. Tristate
// numbers follow Vishwanathan et al., "Sound, Precise, and Fast Abstract Interpretation with
// Tristate Numbers" (CGO 2022); multiplication is its algorithm our_mul.
#pragma once

#include <algorithm>
#include <bit>
#include <limits>
#include <type_traits>

#include "base/types.hpp"

namespace skep::verify {

template <class U>
struct Word {
  using S = std::make_signed_t<U>;
  static constexpr int kBits = std::numeric_limits<U>::digits;
  static constexpr U kMax = std::numeric_limits<U>::max();
  static constexpr S kSignedMin = std::numeric_limits<S>::min();
  static constexpr S kSignedMax = std::numeric_limits<S>::max();
  static constexpr U kSign = static_cast<U>(U{1} << (kBits - 1));

  U value = 0;    // known bits; 0 where unknown
  U mask = kMax;  // unknown bits
  U umin = 0;
  U umax = kMax;
  S smin = kSignedMin;
  S smax = kSignedMax;

  static constexpr Word constant(U v) { return {v, 0, v, v, static_cast<S>(v), static_cast<S>(v)}; }
  static constexpr Word unknown() { return {}; }
  static constexpr Word unsigned_range(U low, U high) {
    Word word;
    word.umin = low;
    word.umax = high;
    word.tighten();
    return word;
  }
  static constexpr Word signed_range(S low, S high) {
    Word word;
    word.smin = low;
    word.smax = high;
    word.tighten();
    return word;
  }
  static constexpr Word known_bits(U value, U mask) {
    Word word;
    word.value = static_cast<U>(value & static_cast<U>(~mask));
    word.mask = mask;
    word.tighten();
    return word;
  }

  // The same, with ranges that say nothing yet; for parts that are tightened together later.
  static constexpr Word loose_bits(U value, U mask) {
    Word word;
    word.value = static_cast<U>(value & static_cast<U>(~mask));
    word.mask = mask;
    return word;
  }

  constexpr bool is_constant() const { return umin == umax; }
  constexpr bool is_unknown() const { return *this == Word(); }
  constexpr bool contains(U v) const {
    return (v & static_cast<U>(~mask)) == value && umin <= v && v <= umax &&
           smin <= static_cast<S>(v) && static_cast<S>(v) <= smax;
  }
  // Whether every value of `other` is one of this word's.
  constexpr bool includes(const Word& other) const {
    return (other.mask & static_cast<U>(~mask)) == 0 &&
           (other.value & static_cast<U>(~mask)) == value && umin <= other.umin &&
           other.umax <= umax && smin <= other.smin && other.smax <= smax;
  }
  friend constexpr bool operator==(const Word&, const Word&) = default;

  // Makes each view as tight as the others allow. False when no value is left: the word is
  // impossible.
  constexpr bool tighten() {
    if (mask == 0 || umin == umax) {
      const U only = mask == 0 ? value : umin;
      if (!contains(only)) return false;
      *this = constant(only);
      return true;
    }
    for (int round = 0; round < 3; ++round) {
      const Word before = *this;
      if (!from_bits() || !from_unsigned() || !from_signed() || !bits_from_range()) return false;
      if (!edges_from_bits()) return false;
      if (umin == before.umin && umax == before.umax && mask == before.mask) break;
    }
    if (umin == umax && mask != 0) *this = constant(umin);
    return true;
  }

  // Keeps what is a value of both. Precondition: this word is tight; `other` may be loose.
  constexpr bool intersect(const Word& other) {
    const Word before = *this;
    return meet(other) && (*this == before || tighten());
  }

  // The same without tightening.
  constexpr bool meet(const Word& other) {
    if (((value ^ other.value) & static_cast<U>(~mask) & static_cast<U>(~other.mask)) != 0) {
      return false;
    }
    mask = static_cast<U>(mask & other.mask);
    value = static_cast<U>((value | other.value) & static_cast<U>(~mask));
    umin = std::max(umin, other.umin);
    umax = std::min(umax, other.umax);
    smin = std::max(smin, other.smin);
    smax = std::min(smax, other.smax);
    return true;
  }

 private:
  constexpr bool valid() const { return umin <= umax && smin <= smax; }

  constexpr bool from_bits() {
    umin = std::max(umin, value);
    umax = std::min(umax, static_cast<U>(value | mask));
    smin = std::max(smin, static_cast<S>(value | (mask & kSign)));
    smax = std::min(smax, static_cast<S>(value | (mask & static_cast<U>(~kSign))));
    return valid();
  }

  // An unsigned range that does not cross the sign is a signed one too; one that does can still be
  // cut by the signed view, when that leaves only one of its two halves.
  constexpr bool from_unsigned() {
    if (static_cast<S>(umin) <= static_cast<S>(umax)) {
      smin = std::max(smin, static_cast<S>(umin));
      smax = std::min(smax, static_cast<S>(umax));
    }
    return valid();
  }

  constexpr bool from_signed() {
    if (static_cast<U>(smin) <= static_cast<U>(smax)) {
      umin = std::max(umin, static_cast<U>(smin));
      umax = std::min(umax, static_cast<U>(smax));
    } else {  // the signed range has negative and other numbers: as unsigned, [0, smax] and [smin,
              // max]
      if (umin > static_cast<U>(smax)) umin = std::max(umin, static_cast<U>(smin));
      if (umax < static_cast<U>(smin)) umax = std::min(umax, static_cast<U>(smax));
    }
    return valid();
  }

  // The least number that is not below `bound` and has these bits; false when there is none.
  static constexpr bool at_least(U bound, U value, U mask, U& out) {
    const U wrong = static_cast<U>((bound ^ value) & static_cast<U>(~mask));
    if (wrong == 0) {
      out = bound;
      return true;
    }
    const int highest = static_cast<int>(std::bit_width(wrong)) - 1;
    U below = static_cast<U>((((U{1} << highest) - 1) << 1) | 1);  // this bit and those below
    U next = bound;
    if ((value >> highest & 1) == 0) {  // above it, the lowest bit that can still be set is
      const U free = static_cast<U>(mask & static_cast<U>(~bound) & static_cast<U>(~below));
      if (free == 0) return false;
      const U bit = static_cast<U>(free & static_cast<U>(-free));
      next = static_cast<U>(bound | bit);
      below = static_cast<U>(bit - 1);
    }
    out = static_cast<U>((next & static_cast<U>(~below)) | (value & below));
    return true;
  }

  // The range begins and ends with numbers that have these bits.
  constexpr bool edges_from_bits() {
    const U fixed = static_cast<U>(~mask);
    const bool fits = (((umin ^ value) | (umax ^ value)) & fixed) == 0;
    if (fits) return true;
    U least = umin, most = umax;
    const U flipped = static_cast<U>(~value & fixed);
    if (!at_least(umin, value, mask, least)) return false;
    if (!at_least(static_cast<U>(~umax), flipped, mask, most)) return false;
    umin = least;
    umax = static_cast<U>(~most);
    return valid();
  }

  // Bits above the highest one in which umin and umax differ are known.
  constexpr bool bits_from_range() {
    const int differing = static_cast<int>(std::bit_width(static_cast<U>(umin ^ umax)));
    const U low = differing >= kBits ? kMax : static_cast<U>((U{1} << differing) - 1);
    const U known = static_cast<U>(~low);
    if (((umin ^ value) & known & static_cast<U>(~mask)) != 0) return false;
    value = static_cast<U>(value | (umin & known));
    mask = static_cast<U>(mask & low);
    return true;
  }
};

// ---- arithmetic: the abstract counterparts of the rows of isa::kAlu
// ----------------------------------------------

namespace detail {

// From bits that are known to be right and ranges that are; both describe all results.
template <class U>
constexpr Word<U> combined(const Word<U>& bits, const Word<U>& ranges) {
  Word<U> out = bits;
  const bool possible = out.meet(ranges) && out.tighten();
  return possible ? out : Word<U>::unknown();  // cannot happen for sound inputs
}

template <class U>
constexpr Word<U> add_bits(const Word<U>& a, const Word<U>& b) {
  const U sum_mask = static_cast<U>(a.mask + b.mask);
  const U sum_value = static_cast<U>(a.value + b.value);
  const U carries = static_cast<U>(static_cast<U>(sum_mask + sum_value) ^ sum_value);
  return Word<U>::loose_bits(sum_value, static_cast<U>(carries | a.mask | b.mask));
}

template <class U>
constexpr Word<U> sub_bits(const Word<U>& a, const Word<U>& b) {
  const U difference = static_cast<U>(a.value - b.value);
  const U alpha = static_cast<U>(difference + a.mask);
  const U beta = static_cast<U>(difference - b.mask);
  return Word<U>::loose_bits(difference, static_cast<U>((alpha ^ beta) | a.mask | b.mask));
}

}  // namespace detail

template <class U>
constexpr Word<U> add(const Word<U>& a, const Word<U>& b) {
  using S = typename Word<U>::S;
  Word<U> range;
  U low = 0, high = 0;
  const bool low_wraps = __builtin_add_overflow(a.umin, b.umin, &low);
  const bool high_wraps = __builtin_add_overflow(a.umax, b.umax, &high);
  if (low_wraps == high_wraps) range.umin = low, range.umax = high;
  S least = 0, most = 0;
  const bool under = __builtin_add_overflow(a.smin, b.smin, &least);
  const bool over = __builtin_add_overflow(a.smax, b.smax, &most);
  if (!under && !over) range.smin = least, range.smax = most;
  return detail::combined(detail::add_bits(a, b), range);
}

template <class U>
constexpr Word<U> sub(const Word<U>& a, const Word<U>& b) {
  using S = typename Word<U>::S;
  Word<U> range;
  U low = 0, high = 0;
  const bool low_wraps = __builtin_sub_overflow(a.umin, b.umax, &low);
  const bool high_wraps = __builtin_sub_overflow(a.umax, b.umin, &high);
  if (low_wraps == high_wraps) range.umin = low, range.umax = high;
  S least = 0, most = 0;
  const bool under = __builtin_sub_overflow(a.smin, b.smax, &least);
  const bool over = __builtin_sub_overflow(a.smax, b.smin, &most);
  if (!under && !over) range.smin = least, range.smax = most;
  return detail::combined(detail::sub_bits(a, b), range);
}

template <class U>
constexpr Word<U> mul(const Word<U>& a, const Word<U>& b) {
  using S = typename Word<U>::S;
  // our_mul: the known part times the known part, then each unknown bit adds a shifted uncertainty.
  Word<U> bits = Word<U>::constant(static_cast<U>(a.value * b.value));
  Word<U> uncertain = Word<U>::constant(0);
  U value = a.value, mask = a.mask, shifted_value = b.value, shifted_mask = b.mask;
  while (value != 0 || mask != 0) {
    if ((value & 1) != 0) {
      uncertain = detail::add_bits(uncertain, Word<U>{0, shifted_mask, 0, 0, 0, 0});
    } else if ((mask & 1) != 0) {
      uncertain = detail::add_bits(
          uncertain, Word<U>{0, static_cast<U>(shifted_value | shifted_mask), 0, 0, 0, 0});
    }
    value = static_cast<U>(value >> 1);
    mask = static_cast<U>(mask >> 1);
    shifted_value = static_cast<U>(shifted_value << 1);
    shifted_mask = static_cast<U>(shifted_mask << 1);
  }
  bits = detail::add_bits(bits, uncertain);

  Word<U> range;
  U high = 0;
  if (!__builtin_mul_overflow(a.umax, b.umax, &high)) {
    range.umin = static_cast<U>(a.umin * b.umin);
    range.umax = high;
  }
  S products[4] = {};
  bool wraps = __builtin_mul_overflow(a.smin, b.smin, &products[0]);
  wraps |= __builtin_mul_overflow(a.smin, b.smax, &products[1]);
  wraps |= __builtin_mul_overflow(a.smax, b.smin, &products[2]);
  wraps |= __builtin_mul_overflow(a.smax, b.smax, &products[3]);
  if (!wraps) {
    range.smin = *std::min_element(products, products + 4);
    range.smax = *std::max_element(products, products + 4);
  }
  return detail::combined(bits, range);
}

// Unsigned; by zero gives zero.
template <class U>
constexpr Word<U> div(const Word<U>& a, const Word<U>& b) {
  if (b.umax == 0) return Word<U>::constant(0);
  const U least = std::max<U>(b.umin, 1);
  const U low = b.umin == 0 ? U{0} : static_cast<U>(a.umin / b.umax);
  return Word<U>::unsigned_range(low, static_cast<U>(a.umax / least));
}

// Unsigned; by zero keeps the dividend.
template <class U>
constexpr Word<U> mod(const Word<U>& a, const Word<U>& b) {
  if (b.umax == 0 || (b.umin > 0 && a.umax < b.umin)) return a;
  if (b.umin == 0) return Word<U>::unsigned_range(0, a.umax);
  return Word<U>::unsigned_range(0, std::min(a.umax, static_cast<U>(b.umax - 1)));
}

// Signed; by zero gives zero, MIN by -1 wraps.
template <class U>
constexpr Word<U> sdiv(const Word<U>& a, const Word<U>& b) {
  using S = typename Word<U>::S;
  if (!b.is_constant()) return Word<U>::unknown();
  const S divisor = b.smin;
  if (divisor == 0) return Word<U>::constant(0);
  if (divisor == -1) return sub(Word<U>::constant(0), a);
  const S first = static_cast<S>(a.smin / divisor), last = static_cast<S>(a.smax / divisor);
  return Word<U>::signed_range(std::min(first, last), std::max(first, last));
}

// Signed; the sign follows the dividend; by zero keeps it, by -1 gives zero.
template <class U>
constexpr Word<U> smod(const Word<U>& a, const Word<U>& b) {
  using S = typename Word<U>::S;
  if (!b.is_constant()) return Word<U>::unknown();
  const S divisor = b.smin;
  if (divisor == 0) return a;
  if (divisor == Word<U>::kSignedMin) return a.smin > divisor ? a : Word<U>::unknown();
  const S most = static_cast<S>((divisor < 0 ? -divisor : divisor) - 1);
  const S low = a.smin >= 0 ? S{0} : std::max(a.smin, static_cast<S>(-most));
  const S high = a.smax <= 0 ? S{0} : std::min(a.smax, most);
  return Word<U>::signed_range(low, high);
}

template <class U>
constexpr Word<U> bit_and(const Word<U>& a, const Word<U>& b) {
  const U alpha = static_cast<U>(a.value | a.mask), beta = static_cast<U>(b.value | b.mask);
  const U value = static_cast<U>(a.value & b.value);
  const Word<U> out = Word<U>::loose_bits(value, static_cast<U>((alpha & beta) ^ value));
  return detail::combined(out, Word<U>::unsigned_range(0, std::min(a.umax, b.umax)));
}

template <class U>
constexpr Word<U> bit_or(const Word<U>& a, const Word<U>& b) {
  const U value = static_cast<U>(a.value | b.value);
  const U mask = static_cast<U>((a.mask | b.mask) & static_cast<U>(~value));
  return detail::combined(Word<U>::loose_bits(value, mask),
                          Word<U>::unsigned_range(std::max(a.umin, b.umin), Word<U>::kMax));
}

template <class U>
constexpr Word<U> bit_xor(const Word<U>& a, const Word<U>& b) {
  const U mask = static_cast<U>(a.mask | b.mask);
  return Word<U>::known_bits(static_cast<U>(a.value ^ b.value), mask);
}

// Shifts take their amount modulo the width, as the machine does (RFC 9669, 4.1).
template <class U>
constexpr Word<U> lsh(const Word<U>& a, const Word<U>& amount) {
  if (amount.is_constant()) {
    const int by = static_cast<int>(amount.umin & (Word<U>::kBits - 1));
    Word<U> range;
    if (a.umax <= static_cast<U>(Word<U>::kMax >> by)) {
      range.umin = static_cast<U>(a.umin << by);
      range.umax = static_cast<U>(a.umax << by);
    }
    return detail::combined(
        Word<U>::loose_bits(static_cast<U>(a.value << by), static_cast<U>(a.mask << by)), range);
  }
  if (amount.umax >= static_cast<U>(Word<U>::kBits)) return Word<U>::unknown();
  const int most = static_cast<int>(amount.umax), least = static_cast<int>(amount.umin);
  if (a.umax > static_cast<U>(Word<U>::kMax >> most)) return Word<U>::unknown();
  return Word<U>::unsigned_range(static_cast<U>(a.umin << least), static_cast<U>(a.umax << most));
}

template <class U>
constexpr Word<U> rsh(const Word<U>& a, const Word<U>& amount) {
  if (amount.is_constant()) {
    const int by = static_cast<int>(amount.umin & (Word<U>::kBits - 1));
    return detail::combined(
        Word<U>::loose_bits(static_cast<U>(a.value >> by), static_cast<U>(a.mask >> by)),
        Word<U>::unsigned_range(static_cast<U>(a.umin >> by), static_cast<U>(a.umax >> by)));
  }
  if (amount.umax >= static_cast<U>(Word<U>::kBits)) return Word<U>::unsigned_range(0, a.umax);
  return Word<U>::unsigned_range(static_cast<U>(a.umin >> static_cast<int>(amount.umax)),
                                 static_cast<U>(a.umax >> static_cast<int>(amount.umin)));
}

template <class U>
constexpr Word<U> arsh(const Word<U>& a, const Word<U>& amount) {
  using S = typename Word<U>::S;
  const bool wraps = amount.umax >= static_cast<U>(Word<U>::kBits);
  const int mask = Word<U>::kBits - 1;
  const int least = amount.is_constant() ? static_cast<int>(amount.umin & static_cast<U>(mask))
                    : wraps              ? 0
                                         : static_cast<int>(amount.umin);
  const int most = amount.is_constant() ? least : wraps ? mask : static_cast<int>(amount.umax);
  const S low = static_cast<S>(a.smin >> (a.smin < 0 ? least : most));
  const S high = static_cast<S>(a.smax >> (a.smax < 0 ? most : least));
  Word<U> range = Word<U>::signed_range(low, high);
  if (!amount.is_constant()) return range;
  return detail::combined(Word<U>::loose_bits(static_cast<U>(static_cast<S>(a.value) >> least),
                                              static_cast<U>(static_cast<S>(a.mask) >> least)),
                          range);
}

// ---- assumptions
// ---------------------------------------------------------------------------------------------------

namespace detail {

template <class U>
constexpr bool assume_less(Word<U>& a, Word<U>& b, U gap) {  // a + gap <= b, unsigned
  if (gap != 0 && (b.umax == 0 || a.umin == Word<U>::kMax)) return false;
  a.umax = std::min(a.umax, static_cast<U>(b.umax - gap));
  b.umin = std::max(b.umin, static_cast<U>(a.umin + gap));
  return a.tighten() && b.tighten();
}

template <class U>
constexpr bool assume_less_signed(Word<U>& a, Word<U>& b, int gap) {  // a + gap <= b, signed
  using S = typename Word<U>::S;
  if (gap != 0 && (b.smax == Word<U>::kSignedMin || a.smin == Word<U>::kSignedMax)) return false;
  a.smax = std::min(a.smax, static_cast<S>(b.smax - gap));
  b.smin = std::max(b.smin, static_cast<S>(a.smin + gap));
  return a.tighten() && b.tighten();
}

// Removes the one value `other` from the ends of `a`'s ranges.
template <class U>
constexpr bool assume_not(Word<U>& a, const Word<U>& other) {
  using S = typename Word<U>::S;
  if (!other.is_constant()) return true;
  const U value = other.umin;
  const S signed_value = other.smin;
  if (a.is_constant()) return a.umin != value;
  if (a.umin == value) a.umin = static_cast<U>(a.umin + 1);
  if (a.umax == value) a.umax = static_cast<U>(a.umax - 1);
  if (a.smin == signed_value) a.smin = static_cast<S>(a.smin + 1);
  if (a.smax == signed_value) a.smax = static_cast<S>(a.smax - 1);
  return a.tighten();
}

// Some bit of a & b is set (b constant): known when there is only one candidate.
template <class U>
constexpr bool assume_common_bit(Word<U>& a, const Word<U>& b) {
  const U candidates = static_cast<U>((a.value | a.mask) & (b.value | b.mask));
  if (candidates == 0) return false;
  if (b.mask == 0 && std::has_single_bit(candidates)) {
    a.value = static_cast<U>(a.value | candidates);
    a.mask = static_cast<U>(a.mask & static_cast<U>(~candidates));
  }
  return a.tighten();
}

// No bit of a & b is set.
template <class U>
constexpr bool assume_disjoint(Word<U>& a, const Word<U>& b) {
  if ((a.value & b.value) != 0) return false;
  a.mask = static_cast<U>(a.mask & static_cast<U>(~b.value));
  return a.tighten();
}

}  // namespace detail

}  // namespace skep::verify
