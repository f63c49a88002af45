// The examples of `skep verify --explain`: each bad one breaks its rule, each good one keeps all.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/text.hpp"
#include "btf/targets.hpp"
#include "explain/lessons.hpp"
#include "object/object.hpp"
#include "support/program_case.hpp"

namespace skep::explain {
namespace {

using verify::Property;
using Program = std::shared_ptr<const platform::Program>;

bool needs_machine(const Example& example) {
  return example.text.contains("preserve_access_index") || example.text.contains("__ksym") ||
         example.text.contains("kfunc[") || example.text.contains("SEC(\"f");
}

Result<Program> assembled(const Example& example) {
  test::CaseFile file{.path = "example.case", .sentence = {}, .fields = {}};
  file.fields.emplace_back("type", example.type);
  file.fields.emplace_back("license", "GPL");
  if (!example.maps.empty()) file.fields.emplace_back("map", example.maps);
  file.fields.emplace_back("asm", example.text);
  return test::program_of(file);
}

Result<Program> compiled(const Example& example) {
  const std::string stem = format("{}/lesson-{}", testing::TempDir(), ::getpid());
  std::ofstream(stem + ".c") << whole_source(example);
  const std::string command =
      format("{} -Wall -Werror -c {}.c -o {}.o", SKEP_COMPILE_BPF, stem, stem);
  if (std::system(command.c_str()) != 0) return Error(Fault::malformed, "it does not compile");
  auto object = TRY(object::Object::open(stem + ".o"));
  std::filesystem::remove(stem + ".c");
  std::filesystem::remove(stem + ".o");
  static btf::Targets targets;
  object::LinkOptions options;
  if (needs_machine(example)) {
    if (targets.empty()) TRY(targets.open(btf::kKernelTypes));
    options.targets = &targets;
    TRY(object.resolve({.types = targets.all().front().types.get()}));
  }
  return TRY(object.program("program", options));
}

std::string verdict_on(const Example& example, const Lesson& of) {
  const auto program = example.type.empty() ? compiled(example) : assembled(example);
  if (!program.ok()) return std::string(program.error().what());
  verify::Limits limits{.instructions_max = verify::kKernelInstructionsMax,
                        .rules = of.rules,
                        .capabilities = of.capabilities};
  static std::optional<btf::Types> types;
  if (needs_machine(example)) {
    if (!types) types = btf::Types::open(btf::kKernelTypes).value();
    limits.kernel_types = &*types;
  }
  const verify::Verdict verdict = verify::verify(*program, limits);
  if (verdict.accepted()) return "accepted";
  return std::get<verify::Report>(verdict.outcome).property;
}

class ExplainLesson : public testing::TestWithParam<Property> {};

TEST_P(ExplainLesson, HasExamplesThatBreakAndKeepTheRule) {
  const Lesson& of = lesson(GetParam());
  if (needs_machine(of.bad) && ::access(btf::kKernelTypes, R_OK) != 0)
    GTEST_SKIP() << "this kernel has no types to read structures by: " << btf::kKernelTypes;
  EXPECT_EQ(verdict_on(of.bad, of), verify::kProperties[GetParam()].name) << of.bad.text;
  EXPECT_EQ(verdict_on(of.good, of), "accepted") << of.good.text;
  EXPECT_GT(of.meaning.size(), 20u);
}

std::string name_of(const testing::TestParamInfo<Property>& info) {
  std::string name(verify::kProperties[info.param].name);
  std::ranges::replace(name, '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Rules, ExplainLesson, testing::ValuesIn(every<Property>()), name_of);

}  // namespace
}  // namespace skep::explain
