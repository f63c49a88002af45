// Random programs, the same on every engine: interpreted and compiled, confined and trusted.
//
// A failing seed is printed; SKEP_SEED=n begins with another one than 1, and runs that one alone
// unless SKEP_COUNT=n asks for so many. tests/fuzz/fuzz_random.cpp lets a fuzzer choose the
// programs.
#include <cstddef>
#include <cstdlib>

#include "random_code.hpp"

namespace skep::engines {
namespace {

Outcome run_trusted(const auto& engine, std::vector<u8> memory) {
  const u64 r0 = engine.run(memory.data(), nullptr);
  return {format("0x{:x}", r0), std::move(memory)};
}

// What proved programs that pay are entered with.
struct PayingRun {
  platform::Budget budget;
  u64 unwind_to = 0;
};

platform::Bindings paying_bindings() {
  platform::Bindings bindings;
  bindings.pays = true;
  bindings.budget_offset = offsetof(PayingRun, budget);
  bindings.unwind_offset = offsetof(PayingRun, unwind_to);
  bindings.program = 3;
  return bindings;
}

template <class Engine>
Outcome run_within(const Engine& engine, const Code& code, std::vector<u8> memory, u64 budget) {
  PayingRun entered{.budget = {.instructions = budget}};
  const u64 r0 = engine.run(memory.data(), &entered);
  if (entered.budget.stopped_at == platform::Budget::kNotStopped) {
    return {show(r0), std::move(memory)};
  }
  EXPECT_EQ(entered.budget.program, 3u);
  const interpret::Trapped trapped{interpret::Trap::fuel, entered.budget.stopped_at, 0};
  return {interpret::to_error(code, trapped, budget).message, std::move(memory)};
}

// A proved run that is cut short ends where the confined one does, and leaves the same memory; one
// that is not gives the same result.
void check_budgets(u64 seed, const Code& code, const std::vector<u8>& memory) {
  const auto facts = facts_of(code, kBase, verify::Region::map_value);
  const platform::Bindings bindings = paying_bindings();
  const threaded::Image image = thread(code, bindings, facts);
  const jit::Compiled compiled = compile(code, bindings, Features::present, facts);
  for (const u64 budget : {seed % 97, seed % 13, u64{1'000'000}}) {
    const Outcome want = run_confined(interpret::run_confined, code, memory, budget);
    EXPECT_EQ(run_within(image, code, memory, budget), want) << "threaded, " << budget;
    EXPECT_EQ(run_within(compiled, code, memory, budget), want) << "JIT, " << budget;
  }
}

void check(u64 seed) {
  const Code code = random_code(seed);
  std::vector<u8> memory(kMemoryBytes);
  for (u32 at = 0; at < kMemoryBytes; ++at) memory[at] = static_cast<u8>(at * 37 + seed);
  const Outcome want = run_both(code, memory);
  ASSERT_TRUE(want.result.starts_with("0x")) << want.result;
  const auto facts = facts_of(code, kBase, verify::Region::map_value);
  EXPECT_EQ(run_trusted(thread(code, {}, facts), memory), want) << "threaded code";
  EXPECT_EQ(run_trusted(compile(code, {}, Features::present, facts), memory), want)
      << "JIT, trusted";
  EXPECT_EQ(run_trusted(compile(code, {}, Features::baseline), memory), want) << "JIT, baseline";
  // A run that is cut short ends at the same place everywhere.
  run_both(code, memory, seed % 97);
  check_budgets(seed, code, memory);
}

TEST(RandomPrograms, mean_the_same_on_every_engine) {
  const char* const chosen = std::getenv("SKEP_SEED");
  const u64 first = chosen != nullptr ? parse_unsigned(chosen).value_or(0) : 1;
  const char* const asked = std::getenv("SKEP_COUNT");
  const u64 count = asked != nullptr    ? parse_unsigned(asked).value_or(0)
                    : chosen != nullptr ? 1
                                        : 1500;
  for (u64 seed = first; seed < first + count; ++seed) {
    check(seed);
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace skep::engines
