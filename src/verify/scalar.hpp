// A number in a register, as the verifier knows it: its 64 bits, and its low 32 bits on their own.
//
// Compilers work on the low half with w registers, compare there, and use the result as a 64-bit
// offset. Facts about the half that the full word cannot express (a signed 32-bit range, say) would
// be lost if there were only one view, so both are kept and inform each other (couple()).
#pragma once

#include <string>

#include "isa/instruction.hpp"
#include "verify/word.hpp"

namespace skep::verify {

struct Scalar {
  Word<u64> full;
  Word<u32> half;  // of the low 32 bits

  static Scalar constant(u64 value);
  static Scalar unknown() { return {}; }
  // What a load of that width gives.
  static Scalar zero_extended(isa::Width width);
  static Scalar sign_extended(isa::Width width);
  static Scalar range(u64 low, u64 high);
  static Scalar signed_range(s64 low, s64 high);

  bool is_constant() const { return full.is_constant(); }
  u64 value() const { return full.umin; }  // precondition: is_constant()
  bool contains(u64 v) const { return full.contains(v) && half.contains(static_cast<u32>(v)); }
  bool includes(const Scalar& other) const {
    return full.includes(other.full) && half.includes(other.half);
  }
  friend bool operator==(const Scalar&, const Scalar&) = default;

  // Lets each half tighten the other. False when no value is left.
  bool couple();
};

// The result of `operation` on `width` bits for every pair of values of `a` and `b`. A 32-bit
// operation clears the upper half. For byte orders `b` is the width in bits.
Scalar apply(isa::Alu operation, isa::Width width, const Scalar& a, const Scalar& b);

// The low `width` bits of `a`, zero-extended: what storing and loading them gives.
Scalar truncated(const Scalar& a, isa::Width width);

// Narrows `a` and `b` to what they can be when `a RELATION b` holds (or does not, for Holds::no) on
// `width` bits. False when it cannot: that way of the branch is never taken.
enum class Holds : u8 { no, yes };
bool assume(isa::Jump relation, Holds holds, isa::Width width, Scalar& a, Scalar& b);

// In words, for reports: "5", "0 to 255", "a multiple of 4 up to 60", "unknown".
std::string describe(const Scalar& scalar);

}  // namespace skep::verify
