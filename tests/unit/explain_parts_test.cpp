// The parts of explanations that can be looked at alone: numbers that are undone, and programs that
// get more instructions.
#include <gtest/gtest.h>

#include <random>

#include "btf/targets.hpp"
#include "explain/explain.hpp"
#include "explain/input.hpp"
#include "explain/insert.hpp"
#include "explain/snippets.hpp"
#include "isa/tables.hpp"
#include "support/program_case.hpp"
#include "text/text.hpp"

namespace skep::explain {
namespace {

u64 applied(const std::vector<Applied>& steps, u64 value) {
  for (const Applied& step : steps) {
    const isa::AluRow& row = isa::kAlu[step.operation];
    const bool whole = step.width == isa::Width::w64 || row.operands == isa::Operands::byte_order;
    value = whole ? row.eval64(value, step.operand)
                  : row.eval32(static_cast<u32>(value), static_cast<u32>(step.operand));
  }
  return value;
}

// What undo() gives becomes what was wanted, by the table of the instructions.
TEST(ExplainInput, UndoneNumbersBecomeWhatIsWanted) {
  std::mt19937_64 random(7);
  u32 found = 0;
  for (u32 round = 0; round < 20000; ++round) {
    Trace trace{.object = 0, .at = 0, .bytes = 8};
    for (u32 n = 0; n < 1 + random() % 3; ++n) {
      auto operation = static_cast<isa::Alu>(random() % kCount<isa::Alu>);
      u64 operand = random() % 70;
      if (isa::kAlu[operation].operands == isa::Operands::byte_order) operand = 16u << random() % 3;
      trace.applied.push_back(
          {operation, random() % 2 == 0 ? isa::Width::w32 : isa::Width::w64, operand});
    }
    const u64 wanted = applied(trace.applied, random() % 300);
    const auto read = undo(trace, wanted);
    if (!read) continue;
    ++found;
    ASSERT_EQ(applied(trace.applied, *read), wanted);
  }
  EXPECT_GT(found, 5000u) << "most chains can be undone";
}

TEST(ExplainInput, ALinearIndexIsSolved) {
  // (byte << 3) + 16 == 80
  const Trace trace{
      .object = 3,
      .at = 12,
      .bytes = 1,
      .applied = {{isa::Alu::lsh, isa::Width::w64, 3}, {isa::Alu::add, isa::Width::w64, 16}}};
  EXPECT_EQ(undo(trace, 80), 8u);
  EXPECT_EQ(undo(trace, 81), std::nullopt) << "no multiple of eight";
  EXPECT_EQ(undo(trace, 16 + 8 * 256), std::nullopt) << "more than a byte";
  EXPECT_EQ(with_number(Input(), trace, 80)->get(3, 12), 8u);
}

Program assembled(std::string_view source) {
  auto out = std::make_shared<platform::Program>();
  out->code = text::assemble(source).value();
  out->functions = {{.name = "main", .end = isa::InstructionIndex(out->code.size())}};
  for (const isa::Instruction& i : out->code) {
    if (i.form != isa::Form::call || i.call() != isa::Call::local) continue;
    out->functions[0].end = i.target;
    out->functions.push_back(
        {.name = "f", .begin = i.target, .end = isa::InstructionIndex(out->code.size())});
  }
  return out;
}

std::string listing(const Program& program) {
  return text::disassemble(program->code, {.targets = text::Targets::label});
}

constexpr std::string_view kLoop =
    "r1 = 0\nagain:\nr1 += 1\nif r1 < 9 goto again\ncall f\nexit\nf:\nr0 = r1\nexit\n";

TEST(ExplainInsert, EveryoneComesToWhatIsPutInFront) {
  const Program out = with_inserted(
      assembled(kLoop),
      {.before = isa::InstructionIndex(1), .code = leave_unless(isa::Jump::le, 1, 5, 2)});
  const Program expected = assembled(
      "r1 = 0\nagain:\nif r1 <= 5 goto on\nr0 = 2\nexit\non:\nr1 += 1\nif r1 < 9 goto again\n"
      "call f\nexit\nf:\nr0 = r1\nexit\n");
  EXPECT_EQ(listing(out), listing(expected));
  EXPECT_EQ(out->functions[1].begin, expected->functions[1].begin);
}

TEST(ExplainInsert, JumpsPassWhatOnlyFallingThroughReaches) {
  const Program out = with_inserted(
      assembled(kLoop),
      {.before = isa::InstructionIndex(1), .comes = Comes::falling_through, .code = {set(3, 4)}});
  EXPECT_EQ(listing(out),
            listing(assembled("r1 = 0\nr3 = 4\nagain:\nr1 += 1\nif r1 < 9 goto again\n"
                              "call f\nexit\nf:\nr0 = r1\nexit\n")));
}

TEST(ExplainInsert, AJumpHasItsOwnWay) {
  const isa::Code code{set(3, 4)};
  const Program out = with_inserted_on_jump(assembled(kLoop), isa::InstructionIndex(2), code);
  const Program expected = assembled(
      "r1 = 0\nagain:\nr1 += 1\nif r1 < 9 goto way\ncall f\nexit\nway:\nr3 = 4\ngoto again\n"
      "f:\nr0 = r1\nexit\n");
  EXPECT_EQ(listing(out), listing(expected));
  EXPECT_EQ(out->functions[0].end, expected->functions[0].end);
  EXPECT_EQ(out->functions[1].begin, expected->functions[1].begin);
}

// Every refusal of tests/cases/verify is of a kind. A bug has an input, and a run that ends at the
// refused instruction; most of these programs were written to be wrong, so most are bugs.
TEST(ExplainCases, EveryRefusalIsOfAKind) {
  const auto types = btf::Types::open(btf::kKernelTypes);
  u32 refused = 0, bugs = 0, edits = 0;
  for (const test::CaseFile& file : test::cases_in("tests/cases/verify")) {
    const Program program = test::program_of(file).value();
    if (verify::needs_kernel_types(*program) && !types.ok()) continue;
    verify::Limits limits{.instructions_max = 20'000};
    if (file.field("rules") == "kernel") limits.rules = verify::Rules::kernel;
    if (types.ok()) limits.kernel_types = &*types;
    limits.capabilities = test::capabilities_of(file);
    const verify::Verdict verdict = verify::verify(program, limits);
    if (verdict.accepted()) continue;
    ++refused;
    const verify::Report report =
        explain(program, limits, std::get<verify::Report>(verdict.outcome));
    EXPECT_NE(report.cause, verify::Cause::undecided) << file;
    edits += report.edit ? 1 : 0;
    if (report.cause != verify::Cause::bug) continue;
    ++bugs;
    EXPECT_FALSE(report.input.empty() || report.ending.empty()) << file;
    if (!report.run.empty()) EXPECT_EQ(report.run.back().slot, report.slot) << file;
  }
  std::printf("%u refused, %u bugs, %u edits\n", refused, bugs, edits);
  EXPECT_GT(refused, 80u);
  EXPECT_GT(bugs * 2, refused);
  EXPECT_GT(edits, 10u);
}

}  // namespace
}  // namespace skep::explain
