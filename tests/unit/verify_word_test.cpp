// The abstract arithmetic of the verifier against the instruction table, exhaustively on eight bits
// and at random on 32 and 64: whatever two values give, the abstract result of anything that holds
// them must hold it too.
#include <gtest/gtest.h>

#include <random>

#include "isa/tables.hpp"
#include "verify/scalar.hpp"

namespace skep::verify {
namespace {

using isa::Alu;
using isa::Jump;
using isa::Width;

using Byte = Word<u8>;

// A few hundred abstract bytes of every shape: constants, ranges of both signs, known bits.
std::vector<Byte> sample_bytes() {
  std::vector<Byte> out{Byte::unknown()};
  const int edges[] = {0, 1, 2, 7, 8, 63, 64, 100, 127, 128, 129, 192, 254, 255};
  for (int low : edges) {
    for (int high : edges) {
      if (low <= high)
        out.push_back(Byte::unsigned_range(static_cast<u8>(low), static_cast<u8>(high)));
      if (static_cast<s8>(low) <= static_cast<s8>(high)) {
        out.push_back(Byte::signed_range(static_cast<s8>(low), static_cast<s8>(high)));
      }
    }
  }
  for (int value : {0, 1, 0x55, 0x80, 0xf0}) {
    for (int mask : {0x01, 0x0f, 0x81, 0xaa, 0x7f, 0xf0}) {
      out.push_back(Byte::known_bits(static_cast<u8>(value), static_cast<u8>(mask)));
    }
  }
  return out;
}

std::vector<u8> values_of(const Byte& word) {
  std::vector<u8> out;
  for (int v = 0; v < 256; ++v) {
    if (word.contains(static_cast<u8>(v))) out.push_back(static_cast<u8>(v));
  }
  return out;
}

struct Operation {
  const char* name;
  Byte (*abstract)(const Byte&, const Byte&);
  u8 (*concrete)(u8, u8);
};

// The concrete side repeats RFC 9669, 4.1 for eight bits: the table has no eight-bit column.
const Operation kOperations[] = {
    {"add", add<u8>, [](u8 a, u8 b) { return static_cast<u8>(a + b); }},
    {"sub", sub<u8>, [](u8 a, u8 b) { return static_cast<u8>(a - b); }},
    {"mul", mul<u8>, [](u8 a, u8 b) { return static_cast<u8>(a * b); }},
    {"div", div<u8>, [](u8 a, u8 b) { return static_cast<u8>(b == 0 ? 0 : a / b); }},
    {"mod", mod<u8>, [](u8 a, u8 b) { return static_cast<u8>(b == 0 ? a : a % b); }},
    {"sdiv", sdiv<u8>,
     [](u8 a, u8 b) {
       return static_cast<u8>(b == 0 ? 0 : static_cast<s8>(a) / static_cast<s8>(b));
     }},
    {"smod", smod<u8>,
     [](u8 a, u8 b) {
       return static_cast<u8>(b == 0 ? a : static_cast<s8>(a) % static_cast<s8>(b));
     }},
    {"and", bit_and<u8>, [](u8 a, u8 b) { return static_cast<u8>(a & b); }},
    {"or", bit_or<u8>, [](u8 a, u8 b) { return static_cast<u8>(a | b); }},
    {"xor", bit_xor<u8>, [](u8 a, u8 b) { return static_cast<u8>(a ^ b); }},
    {"lsh", lsh<u8>, [](u8 a, u8 b) { return static_cast<u8>(a << (b & 7)); }},
    {"rsh", rsh<u8>, [](u8 a, u8 b) { return static_cast<u8>(a >> (b & 7)); }},
    {"arsh", arsh<u8>, [](u8 a, u8 b) { return static_cast<u8>(static_cast<s8>(a) >> (b & 7)); }},
};

TEST(Word, EveryOperationHoldsEveryResultOnEightBits) {
  const std::vector<Byte> words = sample_bytes();
  std::vector<std::vector<u8>> values;
  for (const Byte& word : words) values.push_back(values_of(word));
  for (const Operation& operation : kOperations) {
    for (std::size_t a = 0; a < words.size(); a += 3) {
      for (std::size_t b = a % 5; b < words.size(); b += 5) {
        const Byte result = operation.abstract(words[a], words[b]);
        for (u8 x : values[a]) {
          for (u8 y : values[b]) {
            ASSERT_TRUE(result.contains(operation.concrete(x, y)))
                << operation.name << " of " << int{x} << " and " << int{y};
          }
        }
      }
    }
  }
}

TEST(Word, TightenLosesNoValueAndFindsContradictions) {
  std::mt19937 random(7);
  for (int round = 0; round < 200'000; ++round) {
    Byte word;
    word.mask = static_cast<u8>(random());
    word.value = static_cast<u8>(random() & ~word.mask);
    if (round % 2 == 0) word.mask = 0xff, word.value = 0;
    word.umin = static_cast<u8>(random());
    word.umax = static_cast<u8>(random());
    word.smin = static_cast<s8>(random());
    word.smax = static_cast<s8>(random());
    const std::vector<u8> before = values_of(word);
    Byte tight = word;
    const bool possible = tight.tighten();
    ASSERT_TRUE(possible || before.empty());
    if (!possible) continue;
    for (u8 v : before) ASSERT_TRUE(tight.contains(v));
  }
}

TEST(Word, RangesAndBitsInformEachOther) {
  EXPECT_EQ(Byte::unsigned_range(64, 95).mask, 0x1f);
  EXPECT_EQ(Byte::known_bits(0x40, 0x03).umax, 0x43);
  EXPECT_EQ(Byte::signed_range(-128, -1).umin, 128);
  Byte word = Byte::signed_range(-2, 5);
  word.umin = 7;
  ASSERT_TRUE(word.tighten());
  EXPECT_EQ(word.umin, 254);
}

// ---- 32 and 64 bits, both halves of a Scalar
// -------------------------------------------------------------------

class Generator {
 public:
  explicit Generator(u64 seed) : random_(seed) {}

  u64 number() {
    const u64 edges[] = {0,
                         1,
                         2,
                         31,
                         32,
                         63,
                         64,
                         127,
                         128,
                         255,
                         256,
                         0x7fff,
                         0x8000,
                         0x7fffffff,
                         0x80000000,
                         0xffffffff,
                         0x100000000,
                         0x7fffffffffffffff,
                         0x8000000000000000,
                         ~u64{0},
                         ~u64{0} - 1};
    switch (random_() % 4) {
      case 0: return edges[random_() % std::size(edges)];
      case 1: return random_() >> (random_() % 64);
      case 2: return 0 - (random_() >> (random_() % 64));
      default: return random_();
    }
  }

  // An abstract number that holds `value`, built as programs would: by masks, bounds and
  // truncation.
  Scalar around(u64 value) {
    Scalar out = Scalar::unknown();
    for (int step = 0; step < 3; ++step) {
      Scalar bound = Scalar::constant(number());
      const Jump relation = static_cast<Jump>(random_() % kCount<Jump>);
      const Width width = random_() % 2 == 0 ? Width::w64 : Width::w32;
      const isa::JumpRow& row = isa::kJump[relation];
      const bool holds = width == Width::w64
                             ? row.eval64(value, bound.value())
                             : row.eval32(static_cast<u32>(value), static_cast<u32>(bound.value()));
      EXPECT_TRUE(assume(relation, holds ? Holds::yes : Holds::no, width, out, bound));
      EXPECT_TRUE(out.contains(value)) << row.name << " " << bound.value() << " lost " << value;
    }
    if (random_() % 8 == 0) out = Scalar::constant(value);
    return out;
  }

  u64 raw() { return random_(); }

 private:
  std::mt19937_64 random_;
};

TEST(Scalar, EveryRowOfTheTableStaysInsideItsAbstractResult) {
  Generator generator(11);
  for (int round = 0; round < 60'000; ++round) {
    for (const Alu operation : every<Alu>()) {
      const Width width = generator.raw() % 2 == 0 ? Width::w64 : Width::w32;
      const isa::AluRow& row = isa::kAlu[operation];
      const u64 a = generator.number();
      u64 b = generator.number();
      Scalar right = generator.around(b);
      if (row.operands == isa::Operands::byte_order) {
        b = u64{16} << (generator.raw() % 3);
        right = Scalar::constant(b);
      }
      const Scalar left = generator.around(a);
      const bool wide = width == Width::w64 || row.operands == isa::Operands::byte_order;
      const u64 expected =
          wide ? row.eval64(a, b) : row.eval32(static_cast<u32>(a), static_cast<u32>(b));
      const Scalar result = apply(operation, wide ? Width::w64 : Width::w32, left, right);
      ASSERT_TRUE(result.contains(expected))
          << row.name << " " << a << ", " << b << " width " << isa::bits_of(width);
    }
    if (round % 100 != 0) continue;
    for (const Width width : {Width::w8, Width::w16, Width::w32, Width::w64}) {
      const u64 a = generator.number();
      const u64 kept = width == Width::w64 ? a : a & ((u64{1} << isa::bits_of(width)) - 1);
      ASSERT_TRUE(truncated(generator.around(a), width).contains(kept));
    }
  }
}

TEST(Scalar, BothOperandsOfAnAssumptionKeepTheirValues) {
  Generator generator(13);
  for (int round = 0; round < 300'000; ++round) {
    const u64 a = generator.number(), b = generator.number();
    Scalar left = generator.around(a), right = generator.around(b);
    const Jump relation = static_cast<Jump>(generator.raw() % kCount<Jump>);
    const Width width = generator.raw() % 2 == 0 ? Width::w64 : Width::w32;
    const isa::JumpRow& row = isa::kJump[relation];
    const bool holds = width == Width::w64 ? row.eval64(a, b)
                                           : row.eval32(static_cast<u32>(a), static_cast<u32>(b));
    ASSERT_TRUE(assume(relation, holds ? Holds::yes : Holds::no, width, left, right)) << row.name;
    ASSERT_TRUE(left.contains(a) && right.contains(b)) << row.name << " " << a << ", " << b;
  }
}

TEST(Scalar, WhatProgramsNeedIsProved) {
  // if (w1 > 15) exit; r1 <<= 3: 0 to 120, a multiple of 8
  Scalar index = Scalar::unknown(), limit = Scalar::constant(15);
  index = truncated(index, Width::w32);
  ASSERT_TRUE(assume(Jump::gt, Holds::no, Width::w32, index, limit));
  const Scalar offset = apply(Alu::lsh, Width::w64, index, Scalar::constant(3));
  EXPECT_EQ(offset.full.umax, 120u);
  EXPECT_EQ(offset.full.mask & 7, 0u);
  // (ip->ihl & 15) * 4
  const Scalar ihl =
      apply(Alu::and_, Width::w64, Scalar::zero_extended(Width::w8), Scalar::constant(15));
  EXPECT_EQ(apply(Alu::lsh, Width::w64, ihl, Scalar::constant(2)).full.umax, 60u);
  // A signed comparison on a half that was sign-extended.
  Scalar half = apply(Alu::movsx32, Width::w64, Scalar::unknown(), Scalar::unknown());
  Scalar zero = Scalar::constant(0), ten = Scalar::constant(10);
  ASSERT_TRUE(assume(Jump::sge, Holds::yes, Width::w32, half, zero));
  ASSERT_TRUE(assume(Jump::slt, Holds::yes, Width::w32, half, ten));
  EXPECT_EQ(half.full.umax, 9u);
  // A branch that cannot be taken.
  Scalar small = Scalar::range(0, 7), eight = Scalar::constant(8);
  EXPECT_FALSE(assume(Jump::ge, Holds::yes, Width::w64, small, eight));
}

}  // namespace
}  // namespace skep::verify
