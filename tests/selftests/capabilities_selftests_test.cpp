// The kernel's own tests of its verifier once more, for users without all capabilities: our verdict
// on each beside the running kernel's, and beside what the tests say of unprivileged users.
//
// What only CAP_BPF is there for is asked of every case; what users without any may load are socket
// filters and cgroup_skb programs, of which test_verifier.c says so (result_unpriv). The kernel
// answers the second question only where kernel.unprivileged_bpf_disabled is 0; elsewhere our
// verdicts are compared with the list. No setting of the machine is changed.
#include <gtest/gtest.h>

#include <iostream>

#include "base/text.hpp"
#include "engines/kernel_capabilities.hpp"
#include "selftests/case_kernel.hpp"
#include "selftests/check_list.hpp"
#include "selftests/verdict_table.hpp"
#include "verify/verify.hpp"

namespace skep::selftests {
namespace {

using platform::Capabilities;

Said said_of_unprivileged(const Case& of) {
  const Expected expected =
      of.expected_unprivileged == Expected::none ? of.expected : of.expected_unprivileged;
  switch (expected) {
    case Expected::none: return Said::nothing;
    case Expected::accepted: return Said::accepted;
    case Expected::rejected: return Said::rejected;
  }
  return Said::nothing;
}

// Those that test_verifier.c loads as somebody without capabilities (test_as_unpriv).
bool is_for_everybody(const Case& of) {
  return of.program.type == BPF_PROG_TYPE_SOCKET_FILTER ||
         of.program.type == BPF_PROG_TYPE_CGROUP_SKB;
}

struct Ours {
  bool accepted = false;
  std::string property{}, message{};
  u64 time_ns = 0;
};

Ours ask_verifier(const Case& of, Capabilities held) {
  static const auto types = btf::Types::open("/sys/kernel/btf/vmlinux");
  const auto program = program_of(of, of.program);
  if (!program.ok()) return {.property = "encoding", .message = program.error().message};
  const verify::Verdict verdict =
      verify::verify(*program, {.instructions_max = verify::kKernelInstructionsMax,
                                .pending_max = verify::kKernelPendingMax,
                                .rules = verify::Rules::kernel,
                                .capabilities = held,
                                .kernel_types = types.ok() ? &*types : nullptr});
  if (verdict.accepted()) return {.accepted = true, .time_ns = verdict.work.time_ns};
  const auto& report = std::get<verify::Report>(verdict.outcome);
  return {.property = report.property, .message = report.message, .time_ns = verdict.work.time_ns};
}

Comparison compare_one(const Case& of, Capabilities held, const std::string& refused) {
  const Ours ours = ask_verifier(of, held);
  KernelAnswer kernel{.not_asked = refused};
  if (refused.empty()) kernel = ask_kernel(of, held);
  const bool is_asked = kernel.not_asked.empty();
  return {.name = of.name,
          .ours = ours.accepted ? Said::accepted : Said::rejected,
          .kernel = !is_asked         ? Said::nothing
                    : kernel.accepted ? Said::accepted
                                      : Said::rejected,
          .property = ours.property,
          .message = ours.message,
          .kernel_message = kernel.message,
          .instructions = of.program.slots.size(),
          .our_ns = ours.time_ns,
          .kernel_ns = kernel.time_us * 1000};
}

TEST(CapabilitiesSelftests, VerdictsForUsersWithCapBpfAreTheKernelsButForTheList) {
  constexpr Capabilities kHeld = platform::set_of(platform::Privilege::bpf);
  const std::string refused = kernel_test::refusal(kHeld);
  std::vector<Comparison> all;
  for (const Case& of : read_cases(SKEP_VERIFIER_CASES).value())
    all.push_back(compare_one(of, kHeld, refused));
  std::cout << summary("the kernel's array-style tests, loaded with CAP_BPF alone", all);
  const std::string list = SKEP_SOURCE_DIR "/tests/selftests/differences_cap_bpf.tsv";
  if (const std::string why = check_list(list, all, Elsewhere::compare_ours, refused); !why.empty())
    GTEST_SKIP() << why;
}

TEST(CapabilitiesSelftests, VerdictsForUnprivilegedUsersAreTheKernelsButForTheList) {
  const std::string refused = kernel_test::refusal(platform::kNoCapabilities);
  std::vector<Comparison> all;
  u32 annotated = 0, same = 0;
  for (const Case& of : read_cases(SKEP_VERIFIER_CASES).value()) {
    if (!is_for_everybody(of)) continue;
    Comparison one = compare_one(of, platform::kNoCapabilities, refused);
    one.expected = said_of_unprivileged(of);
    annotated += one.expected != Said::nothing ? 1 : 0;
    same += one.expected == one.ours ? 1 : 0;
    all.push_back(std::move(one));
  }
  std::cout << summary("the kernel's array-style tests, loaded without capabilities", all)
            << format("  as the tests of 6.1 say: {} of {}\n", same, annotated);
  EXPECT_GT(annotated, 500u);
  const std::string list = SKEP_SOURCE_DIR "/tests/selftests/differences_unprivileged.tsv";
  if (const std::string why = check_list(list, all, Elsewhere::compare_ours, refused); !why.empty())
    GTEST_SKIP() << why;
}

}  // namespace
}  // namespace skep::selftests
