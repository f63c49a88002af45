// Verdicts of the verifier, case by case: tests/cases/verify/*.case.
//
// Each case is a program in assembly with the maps it names. `verdict:` is "accepted", or "rejected
// PROPERTY SLOT": the rule that was not proved and the instruction where. `says:` must stand in the
// Report. `rules: kernel`: by the rules of the kernel instead of those of the user engine.
// `capabilities: bpf`: of who loads it.
// `walk: merged`: paths are walked as one where they meet, and that proves the program.
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "btf/types.hpp"
#include "support/case_file.hpp"
#include "support/program_case.hpp"
#include "text/text.hpp"
#include "verify/verify.hpp"

namespace skep::verify {
namespace {

std::string verdict_text(const Verdict& verdict) {
  if (verdict.accepted()) return "accepted";
  const Report& report = std::get<Report>(verdict.outcome);
  return format("rejected {} {}", report.property, report.slot);
}

// Of the running kernel, or null.
const btf::Types* types_here() {
  static const auto types = btf::Types::open("/sys/kernel/btf/vmlinux");
  return types.ok() ? &*types : nullptr;
}

class VerifyCase : public testing::TestWithParam<test::CaseFile> {};

TEST_P(VerifyCase, HasItsVerdict) {
  const test::CaseFile& file = GetParam();
  auto program = test::program_of(file);
  ASSERT_TRUE(program.ok()) << program.error().what();
  Limits limits{.instructions_max = kKernelInstructionsMax, .pending_max = kKernelPendingMax};
  limits.kernel_types = types_here();
  limits.capabilities = test::capabilities_of(file);
  if (needs_kernel_types(**program) && limits.kernel_types == nullptr)
    GTEST_SKIP()
        << "the case names functions or structures of the kernel, whose types are not there";
  if (file.field("rules") == "kernel") limits.rules = Rules::kernel;
  if (file.has("limit")) limits.instructions_max = *parse_unsigned(file.field("limit"));
  const Verdict verdict = verify(*program, limits);
  const std::string report = verdict.accepted() ? "" : to_text(std::get<Report>(verdict.outcome));
  EXPECT_EQ(verdict_text(verdict), file.field("verdict")) << file.sentence << "\n" << report;
  for (std::string_view wanted : file.all("says")) {
    EXPECT_NE(report.find(wanted), std::string::npos)
        << "the report does not say: " << wanted << "\n"
        << report;
  }
  if (file.has("walk")) EXPECT_EQ(verdict.work.merged ? "merged" : "by path", file.field("walk"));
  // Walking each path, up to a state that was proved before or to its end, changes no verdict.
  for (const Paths paths : {Paths::pruned, Paths::all}) {
    limits.paths = paths;
    const std::string other = verdict_text(verify(*program, limits));
    if (!other.starts_with("rejected too-complex"))
      EXPECT_EQ(other.substr(0, 8), verdict_text(verdict).substr(0, 8));
  }
  const u64 visited_max = parse_unsigned(file.field("visited")).value_or(~u64{0});
  EXPECT_LE(verdict.work.visited, visited_max);
}

std::string name_of(const testing::TestParamInfo<test::CaseFile>& info) {
  std::string name = info.param.stem();
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Cases, VerifyCase, testing::ValuesIn(test::cases_in("tests/cases/verify")),
                         name_of);

// A global function is walked on its own but called: leaving the program from it is not possible.
TEST(VerifyGlobalFunction, DoesNotLeaveTheProgram) {
  platform::MapSpec jumps;
  jumps.name = "jumps";
  jumps.kind = platform::MapKind::prog_array;
  jumps.key_size = jumps.value_size = jumps.max_entries = 4;
  const auto maps = std::make_shared<const std::vector<platform::MapSpec>>(1, jumps);
  const std::string_view bodies[] = {
      "r2 = map[jumps] ll\nr3 = 0\ncall bpf_tail_call\nr0 = 7\nexit\n",
      "r6 = r1\nr0 = *(u8 *)skb[0]\nr0 = 7\nexit\n",
  };
  platform::Parameter parameter;
  parameter.kind = platform::ParameterKind::context;
  for (const std::string_view body : bodies) {
    auto program = std::make_shared<platform::Program>();
    program->name = "main";
    program->type = platform::ProgramType::sched_cls;
    program->maps = maps;
    program->code = text::assemble(format("call f\nexit\nf:\n{}", body), *maps).value();
    const isa::InstructionIndex begin(2), end(program->code.size());
    program->functions = {{.name = "main", .begin = isa::InstructionIndex(0), .end = begin},
                          {.name = "f",
                           .begin = begin,
                           .end = end,
                           .linkage = platform::Linkage::global,
                           .signature = platform::Signature{{parameter}, true}}};
    EXPECT_EQ(verdict_text(verify(program)).substr(0, 20), "rejected unsupported") << body;
  }
}

// No path leads to the calls, so that they are only counted: a chain for each product of calls
// would take years.
TEST(VerifyStructure, LooksOnceBelowFunctionsThatAreCalledOften) {
  constexpr u32 kFunctions = 7, kCalls = 100;
  std::string text = "r0 = 0\nif r0 == 0 goto out\ncall f1\nout:\nexit\n";
  for (u32 f = 1; f <= kFunctions; ++f) {
    text += format("f{}:\n", f);
    for (u32 call = 0; f < kFunctions && call < kCalls; ++call) text += format("call f{}\n", f + 1);
    text += "r0 = 0\nexit\n";
  }
  const test::CaseFile file{
      .path = "chains.case", .sentence = {}, .fields = {{"type", "xdp"}, {"asm", text}}};
  const auto program = test::program_of(file);
  ASSERT_TRUE(program.ok()) << program.error().what();
  for (const Rules rules : {Rules::user_engine, Rules::kernel})
    EXPECT_EQ(verdict_text(verify(*program, {.rules = rules})), "accepted");
}

}  // namespace
}  // namespace skep::verify
