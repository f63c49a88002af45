// Arenas in the user engine: the same in every tier, with and without a budget. What the kernel
// does with the same programs: arena_kernel_test.cpp.
#include <gtest/gtest.h>

#include "arena_cases.hpp"
#include "runtime/engine.hpp"

namespace skep::arenas {
namespace {

using runtime::Tier;

constexpr u64 kBudget = 100'000;  // more than any of them needs

verify::Verdict verdict_of(const Case& given, u32 flags = platform::kMappable) {
  return verify::verify(program_of(given, specs_of(given, flags)));
}

// One arena, for programs that run one after the other in one tier.
class Engine {
 public:
  explicit Engine(Tier tier, u64 budget = 0, u32 flags = platform::kMappable)
      : tier_(tier), flags_(flags) {
    auto specs = std::make_shared<std::vector<platform::MapSpec>>(1, arena_spec(flags));
    app_.emplace(runtime::App::create(specs, *environment_, {.budget = budget}).value());
  }

  // On an arena as it begins.
  u32 run(const Case& given) {
    verify::Verdict verdict = verdict_of(given, flags_);
    if (!verdict.accepted()) {
      ADD_FAILURE() << verify::to_text(std::get<verify::Report>(verdict.outcome));
      return ~0u;
    }
    auto verified = std::get<verify::VerifiedProgram>(std::move(verdict.outcome));
    const auto& program = *app_->load(std::move(verified), tier_).value();
    std::ranges::copy(arena_spec().initial, pages().begin());
    std::array<std::byte, 64> context{};
    return static_cast<u32>(app_->run(program, context).value());
  }
  std::span<std::byte> pages() { return app_->map("memory")->pages(); }

 private:
  std::unique_ptr<runtime::Environment> environment_ = runtime::deterministic_environment();
  Tier tier_;
  u32 flags_;
  std::optional<runtime::App> app_;
};

constexpr std::array kTiers = {Tier::checked, Tier::interpreter, Tier::jit};

TEST(Arenas, give_the_same_in_every_tier) {
  for (const Tier tier : kTiers) {
    for (const u64 budget : {u64{0}, kBudget}) {
      Engine engine(tier, budget);
      for (const Case& each : accepted_cases())
        EXPECT_EQ(engine.run(each), each.r0) << each.name << ", tier " << static_cast<int>(tier);
    }
  }
}

TEST(Arenas, are_reached_by_casts_only) {
  for (const Bad& each : refused_cases()) {
    const verify::Verdict verdict = verdict_of(each.program);
    ASSERT_FALSE(verdict.accepted()) << each.program.name;
    const auto& report = std::get<verify::Report>(verdict.outcome);
    EXPECT_EQ(report.property, each.property) << each.program.name << ": " << report.message;
    EXPECT_TRUE(report.message.contains(each.message)) << each.program.name << report.message;
  }
}

// The kernel cuts the number to 32 bits where it is one, and says nothing.
TEST(Arenas, arithmetic_is_on_pointers_or_on_numbers) {
  for (const std::string_view jump : {"==", "!="}) {
    const std::string source = format(
        "r4 = *(u32 *)(r1 + 0)\npointer\nif r4 {} 0 goto +1\nr1 = 8\nr1 += 8\nr0 = 0\nexit\n",
        jump);
    const verify::Verdict verdict = verdict_of({"mixed", source});
    ASSERT_FALSE(verdict.accepted());
    EXPECT_EQ(std::get<verify::Report>(verdict.outcome).property, "mixed-access");
  }
}

TEST(Arenas, keep_what_programs_write_for_their_owner) {
  const Case writes{"writes",
                    "pointer\nr2 = 0x123456789abcdef0 ll\n*(u64 *)(r1 + 16) = r2\n"
                    "r1 += 20480\n*(u16 *)(r1 + 2) = 5\nr0 = 0\nexit\n"};
  for (const Tier tier : kTiers) {
    Engine engine(tier);
    const std::span<std::byte> pages = engine.pages();
    ASSERT_EQ(pages.size(), kPages * kPageBytes);
    pages[5 * kPageBytes] = std::byte{1};  // the owner takes the page: it is there for programs
    EXPECT_EQ(engine.run(writes), 0u);
    u64 word = 0;
    std::memcpy(&word, &pages[16], sizeof(word));
    EXPECT_EQ(word, 0x123456789abcdef0u);
    EXPECT_EQ(pages[5 * kPageBytes], std::byte{1});
    EXPECT_EQ(pages[5 * kPageBytes + 2], std::byte{5});
  }
}

// Half an address as user space sees it has no upper half then.
TEST(Arenas, without_conversion_user_space_gets_the_lower_half) {
  const Case casts{"casts",
                   "r2 = map_value[memory] + 8 ll\nr3 = addr_space_cast(r2, 1, 0)\nw4 = w2\n"
                   "r0 = 1\nif r3 == r4 goto +1\nr0 = 2\nexit\n"};
  for (const Tier tier : kTiers) {
    EXPECT_EQ(Engine(tier).run(casts), 2u);
    EXPECT_EQ(Engine(tier, 0, platform::kMappable | platform::kNoUserConversion).run(casts), 1u);
  }
}

// In the kernel it is the bytes that the address names; here the word that it is in, so that no
// processor has to do it across two.
TEST(Arenas, atomic_operations_are_on_aligned_words) {
  const Case adds{"adds",
                  "pointer\nr2 = 1\nlock *(u64 *)(r1 + 27) += r2\nlock *(u32 *)(r1 + 30) += r2\n"
                  "r0 = *(u64 *)(r1 + 24)\nr3 = *(u32 *)(r1 + 28)\nr0 += r3\nexit\n"};
  for (const Tier tier : kTiers) EXPECT_EQ(Engine(tier).run(adds), 0x82u);
}

TEST(Arenas, confined_code_makes_no_pointers) {
  const auto program = program_of({"casts", "r1 = addr_space_cast(r1, 0, 1)\nr0 = 0\nexit\n"}, {});
  std::vector<std::byte> memory(64);
  const auto refused = interpret::run_confined(program->code, {}, {.memory = memory});
  ASSERT_FALSE(refused.ok());
  EXPECT_TRUE(refused.error().message.contains("without arenas")) << refused.error().message;
  EXPECT_EQ(jit::run_confined(program->code, {}, {.memory = memory}).error().message,
            refused.error().message);
}

}  // namespace
}  // namespace skep::arenas
