// The kernel's own tests of its verifier: our verdict on each beside the running kernel's, and what
// accepted programs return in every engine.
//
// Prints a table; differences.tsv has the differences that are known. Where the kernel cannot be
// asked, or is another one than the list was made with, our verdicts are compared with the list.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>

#include "base/text.hpp"
#include "engines/kernel_bpf.hpp"
#include "selftests/case_kernel.hpp"
#include "selftests/case_user.hpp"
#include "selftests/check_list.hpp"
#include "selftests/verdict_table.hpp"

namespace skep::selftests {
namespace {

const std::string kList = SKEP_SOURCE_DIR "/tests/selftests/differences.tsv";
// Results that are not the kernel's, with the reason.
struct KnownResult {
  std::string_view name;
  std::string_view why;
};
constexpr KnownResult kKnownResults[] = {
    {"ctx_skb.c: check wire_len is readable by tc classifier",
     "without a context the kernel's test-run leaves wire_len 0; ours is the packet's length"},
};

constexpr u32 kAnyResult = 0xcafe4a;  // POINTER_VALUE of test_verifier.c

Said said(Expected expected) {
  switch (expected) {
    case Expected::none: return Said::nothing;
    case Expected::accepted: return Said::accepted;
    case Expected::rejected: return Said::rejected;
  }
  return Said::nothing;
}

struct Asked {
  std::string refused;  // why the kernel is not asked
  std::vector<Comparison> all{};
  std::map<std::string, u32> not_comparable{};  // by reason
  u32 runs = 0, expected = 0, same_as_kernel = 0;
  std::vector<std::string> wrong_results{};
  std::map<std::string, u32> not_run{};
};

void compare_results(const Case& one, const UserAnswer& ours, const KernelAnswer& kernel,
                     Asked& asked) {
  if (!ours.not_run.empty()) ++asked.not_run[ours.not_run];
  for (std::size_t run = 0; run < ours.results.size(); ++run) {
    ++asked.runs;
    const u32 result = ours.results[run];
    const std::string where = format("{}, run {}: {}", one.name, run, result);
    if (!ours.disagreement[run].empty())
      asked.wrong_results.push_back(where + ": engines: " + ours.disagreement[run]);
    const bool is_judged = run < kernel.results.size() && kernel.results[run];
    const bool is_known =
        std::ranges::find(kKnownResults, one.name, &KnownResult::name) != std::end(kKnownResults);
    if (is_judged && one.runs[run].result != kAnyResult &&
        (*kernel.results[run] == result) == is_known) {
      asked.wrong_results.push_back(format("{}, the kernel {}", where, *kernel.results[run]));
    }
    if (one.expected != Expected::accepted || one.runs[run].result == kAnyResult) continue;
    if (one.runs[run].result == result) {
      ++asked.expected;
    } else if (!is_judged && !is_known) {
      asked.wrong_results.push_back(format("{}, expected {}", where, one.runs[run].result));
    }
    if (is_judged && *kernel.results[run] == result) ++asked.same_as_kernel;
  }
}

Asked ask_all() {
  Asked out{.refused = kernel_test::refusal()};
  const auto cases = read_cases(SKEP_VERIFIER_CASES).value();
  for (const Case& one : cases) {
    const UserAnswer ours = ask_user(one);
    KernelAnswer kernel{.not_asked = out.refused};
    if (out.refused.empty()) kernel = ask_kernel(one);
    if (!kernel.not_asked.empty()) ++out.not_comparable[kernel.not_asked];
    const bool is_asked = kernel.not_asked.empty();
    out.all.push_back({.name = one.name,
                       .ours = ours.accepted ? Said::accepted : Said::rejected,
                       .kernel = !is_asked         ? Said::nothing
                                 : kernel.accepted ? Said::accepted
                                                   : Said::rejected,
                       .expected = said(one.expected),
                       .property = ours.property,
                       .message = ours.message,
                       .kernel_message = kernel.message,
                       .instructions = one.program.slots.size(),
                       .our_ns = ours.time_ns,
                       .kernel_ns = kernel.time_us * 1000});
    compare_results(one, ours, kernel, out);
  }
  return out;
}

const Asked& asked() {
  static const Asked all = ask_all();
  return all;
}

TEST(VerifierSelftests, VerdictsAreTheKernelsButForTheList) {
  const Asked& now = asked();
  std::cout << summary("the kernel's array-style tests", now.all);
  u32 as_expected = 0, judged = 0;
  for (const Comparison& one : now.all) {
    if (!one.is_comparable() || one.expected == Said::nothing) continue;
    ++judged;
    if (one.kernel == one.expected) {
      ++as_expected;
    } else {
      std::cout << format("  the kernel is not as annotated: {}: {} ({})\n", one.name,
                          word(one.kernel), one.kernel_message);
    }
  }
  std::cout << format("  the kernel's verdict is the annotated one for {} of {}\n", as_expected,
                      judged);
  for (const auto& [why, count] : now.not_comparable)
    std::cout << format("  not comparable: {} because {}\n", count, why);
  EXPECT_EQ(now.all.size(), 1365u) << "cases of linux-source-6.1";

  if (const std::string why = check_list(kList, now.all, Elsewhere::compare_ours); !why.empty())
    GTEST_SKIP() << why;
}

TEST(VerifierSelftests, EnginesReturnWhatTheKernelReturns) {
  const Asked& now = asked();
  std::cout << format(
      "{} runs of accepted programs in 3 engines: {} returned what is annotated, {} what the "
      "kernel "
      "returned\n",
      now.runs, now.expected, now.same_as_kernel);
  for (const auto& [why, count] : now.not_run)
    std::cout << format("  accepted and not run: {} because {}\n", count, why);
  for (const std::string& each : now.wrong_results) ADD_FAILURE() << each;
  EXPECT_GT(now.runs, 100u);
}

}  // namespace
}  // namespace skep::selftests
