// Soundness by running: random programs. What is accepted must not fault in the checked tier, must
// mean the same in every tier, and must be accepted however paths are walked.
//
// SKEP_SEED=n runs the programs from seed n on; SKEP_COUNT=n as many of them; with SKEP_CHECKED=1
// in the checked tier only, which takes half of the time.
#include "engines/soundness.hpp"

#include <gtest/gtest.h>

#include "support/case_file.hpp"
#include "support/program_case.hpp"
#include "support/random_program.hpp"

namespace skep::soundness {
namespace {

TEST(Soundness, RandomProgramsThatAreAcceptedRun) {
  const u64 first = setting("SKEP_SEED", 1), count = setting("SKEP_COUNT", 1500);
  const bool only_checked = setting("SKEP_CHECKED", 0) != 0;
  u64 accepted = 0;
  const auto runner = Runner::of(test::random_maps());
  for (u64 seed = first; seed < first + count; ++seed) {
    bool is_accepted = false;
    const test::RandomProgram random = test::random_program(test::Choices(seed));
    ASSERT_TRUE(is_program(random.program->code)) << "seed " << seed;
    const Tiers tiers = random.erred || only_checked ? Tiers::checked : Tiers::all;
    const std::string wrong =
        complaint(random.program, *runner, random_inputs(seed, 6), tiers, is_accepted);
    accepted += is_accepted ? 1 : 0;
    ASSERT_EQ(wrong, "") << "seed " << seed;
  }
  std::printf("%llu programs, %llu accepted\n", static_cast<unsigned long long>(count),
              static_cast<unsigned long long>(accepted));
  EXPECT_GT(accepted * 5, count) << "the generator is of no use";
}

TEST(Soundness, WalkingDoesNotChangeVerdicts) {
  const u64 first = setting("SKEP_SEED", 1), count = setting("SKEP_COUNT", 1500);
  u64 decided = 0;
  for (u64 seed = first; seed < first + count; ++seed) {
    bool is_decided = false;
    const std::string wrong =
        walking_complaint(test::random_program(test::Choices(seed)).program, 5000, is_decided);
    decided += is_decided ? 1 : 0;
    EXPECT_EQ(wrong, "") << "seed " << seed;
    if (HasFailure()) break;
  }
  std::printf("%llu programs, %llu decided without pruning\n",
              static_cast<unsigned long long>(count), static_cast<unsigned long long>(decided));
  EXPECT_GT(decided * 2, count);
}

TEST(Soundness, WalkingDoesNotChangeVerdictsOfCases) {
  for (const test::CaseFile& file : test::cases_in("tests/cases/verify")) {
    bool decided = false;
    EXPECT_EQ(walking_complaint(test::program_of(file).value(), 20'000, decided), "") << file;
  }
}

}  // namespace
}  // namespace skep::soundness
