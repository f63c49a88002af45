// Our verdicts beside the kernel's, on every case of tests/cases/verify and every program that the
// build compiles.
//
// By the rules of the kernel the verdicts are the same. By those of the user engine, which are the
// rules of a case without `rules: kernel`, a case says `kernel: accepted because ...` or `kernel:
// rejected because ...` where the kernel is meant to differ; a line that is not needed is a failure
// too. `kernel-loses: ...` says what the kernel does not see of a program that is safe,
// `kernel-misses:
// ...` of one that is not. The kernel is asked as root, who may leak pointers, or with the
// `capabilities:` that the case names.
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "kernel_programs.hpp"
#include "support/case_file.hpp"
#include "support/program_case.hpp"
#include "verify/verify.hpp"

namespace skep::verify {
namespace {

std::string word(bool accepted) { return accepted ? "accepted" : "rejected"; }

class VerdictsBesideTheKernel : public testing::TestWithParam<test::CaseFile> {};

TEST_P(VerdictsBesideTheKernel, AreTheSame) {
  const test::CaseFile& file = GetParam();
  const platform::Capabilities held = test::capabilities_of(file);
  if (const std::string why = kernel_test::refusal(held); !why.empty()) GTEST_SKIP() << why;
  const auto program = test::program_of(file);
  ASSERT_TRUE(program.ok()) << program.error().what();
  const kernel_test::KernelVerdict kernel = kernel_test::kernel_verdict(**program, 1, held);
  ASSERT_TRUE(kernel.asked) << kernel.log;
  const auto types = kernel::KernelTypes().vmlinux();
  const Verdict by_its_rules =
      verify(*program, {.instructions_max = kKernelInstructionsMax,
                        .pending_max = kKernelPendingMax,
                        .rules = Rules::kernel,
                        .capabilities = held,
                        .kernel_types = types.ok() ? types->get() : nullptr});
  const auto* report = std::get_if<Report>(&by_its_rules.outcome);
  const bool knows_more = file.has("kernel-loses");     // what is true, and the kernel does not see
  const bool knows_better = file.has("kernel-misses");  // the kernel takes what is not safe
  EXPECT_EQ(by_its_rules.accepted(), (kernel.accepted && !knows_better) || knows_more)
      << file.sentence << "\n"
      << (report != nullptr ? to_text(*report) : "") << kernel.log;
  if (file.field("rules") == "kernel") return;
  const std::string ours(file.field("verdict").substr(0, 8));
  const std::string_view line = file.field("kernel");
  if (line.empty()) {
    EXPECT_EQ(word(kernel.accepted), ours) << file.sentence << "\n" << kernel.log;
    return;
  }
  EXPECT_NE(line.find(" because "), std::string_view::npos) << "a difference without a reason";
  EXPECT_EQ(word(kernel.accepted), line.substr(0, 8)) << kernel.log;
  EXPECT_NE(word(kernel.accepted), ours) << "the kernel does not differ; remove the line";
}

std::string name_of(const testing::TestParamInfo<test::CaseFile>& info) {
  std::string name = info.param.stem();
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Cases, VerdictsBesideTheKernel,
                         testing::ValuesIn(test::cases_in("tests/cases/verify")), name_of);

}  // namespace
}  // namespace skep::verify
