// Handlers of threaded code beside each other: those of pairs do what those of their operations do.
#include <gtest/gtest.h>

#include <cstring>

#include "threaded/handlers.hpp"
#include "threaded/pairs.hpp"

namespace skep::threaded {
namespace {

constexpr u8 kDst = 1, kLeft = 2, kRight = 3, kBase = 4, kIndex = 5;
constexpr u8 offset_of(u8 r) { return static_cast<u8>(r * sizeof(u64)); }

bool is_access(Family family) { return family == Family::load || family == Family::store; }

// What a run leaves: registers, the memory at r4, and which way a branch went.
struct Left {
  std::array<u64, jit::kOperands> registers{};
  std::array<u64, 32> memory{};
  friend bool operator==(const Left&, const Left&) = default;
};

enum class Fused : u8 { no, yes };

class Case {
 public:
  Case(const Pair& pair, u64 seed) : pair_(pair), seed_(seed) {}

  Left run(Fused fused) const {
    Left left;
    for (u64 at = 0; at < left.memory.size(); ++at)
      left.memory[at] = (seed_ + at) * 0x9e3779b97f4a7c15;
    // One Step that makes `last`, the pair, and a way out for each way of a branch.
    std::array<Step, 6> steps{};
    steps[0] = {.run = handler_of(code_of({.family = Family::constant})), .wide = last()};
    steps[1] = step_of(pair_.first, 0);
    steps[2] = step_of(pair_.second, reinterpret_cast<u64>(&steps[4]));
    if (fused == Fused::yes) steps[1].run = handler_of(code_of(pair_.first), code_of(pair_.second));
    steps[3] = steps[5] = {.run = handler_of(code_of({.family = Family::exit}))};
    steps[4] = {.run = handler_of(code_of({.family = Family::constant, .variant = 1})),
                .dst = offset_of(0),
                .wide = 99};
    State state{};
    for (u64 at = 0; at < state.registers.size(); ++at) state.registers[at] = seed_ >> at * 3;
    state.registers[kIndex] = 8;
    state.registers[kBase] = reinterpret_cast<u64>(left.memory.data());
    threaded::run(state, steps.data());
    left.registers = state.registers;
    left.registers[kBase] -= reinterpret_cast<u64>(left.memory.data());
    return left;
  }

 private:
  // An index, where the first of them takes it from there.
  u64 last() const {
    const Place place = static_cast<Place>(pair_.first.operands);
    const bool is_index = pair_.first.family == Family::load && place == Place::base_last;
    return is_index ? 8 : seed_ ^ 0x5555;
  }

  Step step_of(const Shape& shape, u64 target) const {
    Step out{.run = handler_of(code_of(shape)), .dst = offset_of(kDst), .left = offset_of(kLeft)};
    out.right = offset_of(kRight);
    out.index = offset_of(kIndex);
    out.offset = static_cast<s32>(seed_ & 7);
    out.wide = shape.family == Family::branch ? target : seed_ & 63;
    if (is_access(shape.family)) out.left = offset_of(kBase);
    if (shape.family == Family::load) {
      out.right = 0;  // the scale
      if (static_cast<Place>(shape.operands) == Place::absolute) out.index = offset_of(kBase);
    }
    if (shape.family == Family::store) out.dst = 0;
    return out;
  }

  const Pair& pair_;
  u64 seed_;
};

TEST(Threaded, pairs_do_what_their_operations_do) {
  std::size_t different = 0;
  for (const Pair& pair : kPairs) {
    const auto number = &pair - std::data(kPairs);
    ASSERT_NE(handler_of(code_of(pair.first), code_of(pair.second)), nullptr) << number;
    for (const u64 seed :
         {u64{0}, u64{5}, u64{0x8000000000000001}, u64{0x0123456789abcdef}, ~u64{0}}) {
      const Left want = Case(pair, seed).run(Fused::no);
      EXPECT_EQ(Case(pair, seed).run(Fused::yes), want) << "row " << number;
      if (want != Left{}) ++different;
    }
  }
  EXPECT_EQ(different, std::size(kPairs) * 5);
}

TEST(Threaded, what_is_no_row_has_no_handler) {
  const Code exit = code_of({.family = Family::exit});
  EXPECT_EQ(handler_of(exit, exit), nullptr);
}

}  // namespace
}  // namespace skep::threaded
