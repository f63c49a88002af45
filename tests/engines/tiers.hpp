// Programs in BPF assembly, run in every tier, with and without a budget.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "isa/control_flow.hpp"
#include "runtime/engine.hpp"
#include "text/text.hpp"

namespace skep::tiers {

using runtime::Tier;

inline constexpr std::array kTiers = {Tier::checked, Tier::interpreter, Tier::jit};
inline constexpr u64 kBudget = 100'000'000;  // more than any of them needs
inline constexpr u32 kEntries = 12;

// "hash" and "array": keys of four bytes, values of eight.
inline std::vector<platform::MapSpec> specs() {
  std::vector<platform::MapSpec> out(2);
  out[0].name = "hash";
  out[0].kind = platform::MapKind::hash;
  out[1].name = "array";
  out[1].kind = platform::MapKind::array;
  for (platform::MapSpec& each : out) {
    each.key_size = 4;
    each.value_size = 8;
    each.max_entries = kEntries;
  }
  return out;
}

// Functions begin where calls and constants lead.
inline std::vector<platform::Function> functions_of(const isa::Code& code) {
  std::set<u32> begins = {0};
  for (const isa::Instruction& i : code) {
    const bool is_named = i.form == isa::Form::constant && i.constant() == isa::Constant::function;
    if (is_named || isa::is_local_call(i)) begins.insert(i.target.value());
  }
  std::vector<platform::Function> out;
  for (auto at = begins.begin(); at != begins.end(); ++at) {
    const u32 end = std::next(at) != begins.end() ? *std::next(at) : static_cast<u32>(code.size());
    out.push_back({format("f{}", *at), isa::InstructionIndex(*at), isa::InstructionIndex(end)});
  }
  return out;
}

inline std::shared_ptr<platform::Program> program_of(std::string_view source) {
  auto program = std::make_shared<platform::Program>();
  program->name = "test";
  program->type = platform::ProgramType::syscall;
  program->gpl_compatible = true;
  program->maps = std::make_shared<std::vector<platform::MapSpec>>(specs());
  program->code = text::assemble(source, *program->maps).value();
  program->functions = functions_of(program->code);
  return program;
}

// r0 of a run on fresh maps; a failure where it is refused.
inline u64 run(std::string_view source, Tier tier, u64 budget) {
  const auto environment = runtime::deterministic_environment();
  const auto program = program_of(source);
  auto app = runtime::App::create(program->maps, *environment, {.budget = budget}).value();
  verify::Verdict verdict = verify::verify(program);
  if (!verdict.accepted()) {
    ADD_FAILURE() << verify::to_text(std::get<verify::Report>(verdict.outcome));
    return ~u64{0};
  }
  auto verified = std::get<verify::VerifiedProgram>(std::move(verdict.outcome));
  std::array<std::byte, 64> context{};
  return app.run(*app.load(std::move(verified), tier).value(), context).value();
}

inline void expect(std::string_view source, u64 r0) {
  for (const Tier tier : kTiers) {
    for (const u64 budget : {u64{0}, kBudget}) {
      EXPECT_EQ(run(source, tier, budget), r0)
          << source << "tier " << static_cast<int>(tier) << ", budget " << budget;
    }
  }
}

}  // namespace skep::tiers
