// What programs may return, and give up with, against the kernel: every type in every way of
// attaching, with constants, with numbers of which something or nothing is known, and a pointer.
#include <gtest/gtest.h>

#include "platform/returns.hpp"
#include "tables.hpp"

namespace skep::kernel_tables {
namespace {

constexpr s32 kPrandom = 7;

struct Returned {
  std::string name;
  Slots code;  // sets r0
};
std::vector<Returned> returned() {
  std::vector<Returned> out;
  for (const s32 value : {-4096, -4095, -2, -1, 0, 1, 2, 3, 4, 5, 20})
    out.push_back({std::to_string(value), {set(0, value)}});
  out.push_back({"anything", {call(kPrandom)}});
  out.push_back({"0 or 1", {call(kPrandom), slot(0x57, 0, 0, 0, 1)}});
  out.push_back({"0 to 3", {call(kPrandom), slot(0x57, 0, 0, 0, 3)}});
  out.push_back({"1 or 2", {call(kPrandom), slot(0x57, 0, 0, 0, 1), add(0, 1)}});
  out.push_back({"32 bits of -1", {slot(0xb4, 0, 0, 0, -1)}});
  out.push_back({"a pointer", {copy(0, 10)}});
  out.push_back({"nothing", {}});
  return out;
}

TEST(ReturnTables, SayOfEveryTypeWhatTheKernelSays) {
  if (const std::string why = kernel_test::refusal(); !why.empty()) GTEST_SKIP() << why;
  Kernel kernel;
  u32 refused = 0;
  for (const Cell& cell : kernel.cells) {
    for (const Returned& each : returned()) {
      Slots code = each.code;
      append(code, {leave()});
      const bool theirs = kernel.accepts(cell, code);
      const verify::Verdict ours = our_verdict(cell, code);
      EXPECT_EQ(ours.accepted(), theirs)
          << cell.name() << " returns " << each.name << ": " << text_of(ours);
      refused += theirs ? 0 : 1;
    }
  }
  kernel.say_absent();
  EXPECT_GT(refused, 200u);
}

// A value that is in range on one way only: the states of both ways must be told apart where they
// meet.
TEST(ReturnTables, TellStatesApartWhereThePathsMeet) {
  if (const std::string why = kernel_test::refusal(); !why.empty()) GTEST_SKIP() << why;
  Kernel kernel;
  const Cell cell{ProgramType::cgroup_skb, AttachType::cgroup_inet_ingress};
  for (const s32 other : {1, 2}) {
    Slots code = {call(kPrandom), copy(6, 0), set(7, 0), slot(0x15, 6, 0, 1), set(7, other)};
    // Enough jumps and instructions for a state to be kept where the ways meet.
    for (s32 n = 0; n < 6; ++n)
      append(code, {slot(0x15, 6, 0, 1, n + 7), add(6, 1), copy(8, 6), copy(9, 6)});
    append(code, {copy(0, 7), leave()});
    const bool theirs = kernel.accepts(cell, code);
    EXPECT_EQ(theirs, other == 1);
    EXPECT_EQ(our_verdict(cell, code).accepted(), theirs) << other;
  }
}

TEST(ReturnTables, KnowTheRangesOfTypesThatDoNotLoadEverywhere) {
  const auto range = platform::allowed_returns(ProgramType::tracing, AttachType::trace_fentry);
  ASSERT_TRUE(range.has_value());
  EXPECT_EQ(range->least, 0);
  EXPECT_EQ(range->most, 0);
  EXPECT_FALSE(platform::allowed_returns(ProgramType::tracing, AttachType::modify_return));
  // Hooks say theirs: tests/bpf/verdicts/targets.bpf.c.
  EXPECT_FALSE(platform::allowed_returns(ProgramType::lsm, AttachType::lsm_mac));
}

}  // namespace
}  // namespace skep::kernel_tables
