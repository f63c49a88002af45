// Helpers that call functions of the program, in every tier, with and without a budget. What the
// kernel does with such programs: kernel_agreement_test.cpp, on tests/bpf/cli/callbacks.bpf.c.
#include "tiers.hpp"

namespace skep::callbacks {
namespace {

using namespace tiers;

// Adds the number of the round to what r2 points to; ends with the round that *(r2 + 8) says.
constexpr std::string_view kAdd = R"(add:
  r3 = *(u64 *)(r2 + 0)
  r3 += r1
  *(u64 *)(r2 + 0) = r3
  r4 = *(u64 *)(r2 + 8)
  r0 = 1
  if r1 == r4 goto +1
  r0 = 0
  exit
)";

// `begin` sets r1 and r4; r0 is what bpf_loop() returned, the sum above it.
std::string adding(std::string_view begin, u64 last) {
  return format(
      "*(u64 *)(r10 - 16) = 0\n*(u64 *)(r10 - 8) = {}\n{}r2 = function[add] ll\nr3 = r10\n"
      "r3 += -16\ncall bpf_loop\nr1 = *(u64 *)(r10 - 16)\nr1 <<= 16\nr0 <<= 48\nr0 >>= 48\n"
      "r0 |= r1\nexit\n{}",
      last, begin, kAdd);
}

TEST(Callbacks, a_loop_counts_its_rounds) {
  expect(adding("r1 = 10\nr4 = 0\n", 100), 45u << 16 | 10);
  expect(adding("r1 = 10\nr4 = 0\n", 3), 6u << 16 | 4);
  expect(adding("r1 = 1\nr4 = 0\n", 100), 1);
  expect(adding("r1 = 0\nr4 = 0\n", 100), 0);
}

TEST(Callbacks, a_loop_that_is_not_made_says_why) {
  expect(adding("r1 = 10\nr4 = 1\n", 100), 0xffea);
  expect(adding("r1 = 8388609\nr4 = 0\n", 100), 0xfff9);
  expect(adding("r1 = 8388608\nr4 = 0\n", 7), 28u << 16 | 8);
}

TEST(Callbacks, registers_that_are_kept_are) {
  expect(
      "r6 = 6\nr7 = 7\nr8 = 8\nr9 = 9\nr1 = 5\nr2 = function[f] ll\nr3 = 0\nr4 = 0\n"
      "call bpf_loop\nr0 += r6\nr0 += r7\nr0 += r8\nr0 += r9\nexit\n"
      "f:\nr6 = 100\nr7 = 100\nr8 = 100\nr9 = 100\nr0 = 0\nexit\n",
      5 + 6 + 7 + 8 + 9);
}

// Eight frames of the program, with a helper's between each and the next.
TEST(Callbacks, loops_nest_as_deep_as_calls) {
  std::string source =
      "*(u64 *)(r10 - 8) = 0\nr3 = r10\nr3 += -8\nr1 = 2\nr2 = function[f1] ll\nr4 = 0\n"
      "call bpf_loop\nr0 = *(u64 *)(r10 - 8)\nexit\n";
  for (int depth = 1; depth < 7; ++depth) {
    source += format(
        "f{}:\n*(u64 *)(r10 - 64) = 1\nr3 = r2\nr1 = 2\nr2 = function[f{}] ll\nr4 = 0\n"
        "call bpf_loop\nr0 = 0\nexit\n",
        depth, depth + 1);
  }
  source += "f7:\nr0 = *(u64 *)(r2 + 0)\nr0 += 1\n*(u64 *)(r2 + 0) = r0\nr0 = 0\nexit\n";
  expect(source, 128);
}

TEST(Callbacks, a_call_that_no_path_reaches_is_gone) {
  expect(
      "r0 = 0\nif r0 == 0 goto out\nr1 = 5\nr2 = function[f] ll\nr3 = 0\nr4 = 0\n"
      "call bpf_loop\nout:\nexit\nf:\nr0 = 0\nexit\n",
      0);
}

// Which one is known only when it runs.
TEST(Callbacks, one_of_several_functions_is_called) {
  for (const auto& [size, want] : {std::pair{0, 11}, {1, 22}, {2, 33}}) {
    expect(
        format("r6 = *(u32 *)(r1 + 0)\nr6 += {}\n*(u64 *)(r10 - 8) = 0\nr2 = function[f] ll\n"
               "if r6 == 0 goto chosen\nr2 = function[g] ll\nif r6 == 1 goto chosen\n"
               "r2 = function[h] ll\nchosen:\nr1 = 11\nr3 = r10\nr3 += -8\nr4 = 0\ncall bpf_loop\n"
               "r0 = *(u64 *)(r10 - 8)\nexit\n"
               "f:\nr0 = *(u64 *)(r2 + 0)\nr0 += 1\n*(u64 *)(r2 + 0) = r0\n"
               "r0 = 0\nexit\n"
               "g:\nr0 = *(u64 *)(r2 + 0)\nr0 += 2\n*(u64 *)(r2 + 0) = r0\nr0 = 0\nexit\n"
               "h:\nr0 = *(u64 *)(r2 + 0)\nr0 += 3\n*(u64 *)(r2 + 0) = r0\nr0 = 0\nexit\n",
               size),
        static_cast<u64>(want));
  }
}

// Puts `count` elements into the map, key * 7 each.
std::string filling(std::string_view map, u32 count) {
  return format(
      "*(u32 *)(r10 - 4) = 0\nr6 = 0\nr7 = {}\nagain:\n*(u32 *)(r10 - 4) = r6\nr1 = r6\nr1 *= 7\n"
      "*(u64 *)(r10 - 16) = r1\nr1 = map[{}] ll\nr2 = r10\nr2 += -4\nr3 = r10\nr3 += -16\nr4 = 0\n"
      "call bpf_map_update_elem\nr6 += 1\nif r6 < r7 goto again\n",
      count, map);
}

// r0: how many were met, and above it the sum that the callback made in *(r4 + 0).
std::string walking(std::string_view map, u32 count, std::string_view callback) {
  return filling(map, count) +
         format(
             "*(u64 *)(r10 - 24) = 0\nr1 = map[{}] ll\nr2 = function[each] ll\nr3 = r10\n"
             "r3 += -24\nr4 = 0\ncall bpf_for_each_map_elem\nr1 = *(u64 *)(r10 - 24)\nr1 <<= 8\n"
             "r0 |= r1\nexit\neach:\n{}",
             map, callback);
}

constexpr std::string_view kSum =
    "r1 = *(u32 *)(r2 + 0)\nr3 = *(u64 *)(r3 + 0)\nr1 += r3\nr0 = *(u64 *)(r4 + 0)\nr0 += r1\n"
    "*(u64 *)(r4 + 0) = r0\nr0 = 0\nexit\n";

TEST(Callbacks, every_element_is_met_once) {
  expect(walking("hash", kEntries, kSum), u64{8 * 66} << 8 | kEntries);
  expect(walking("hash", 5, kSum), u64{8 * 10} << 8 | 5);
  expect(walking("array", 5, kSum), u64{80 + 5 + 6 + 7 + 8 + 9 + 10 + 11} << 8 | kEntries);
}

TEST(Callbacks, what_deletes_and_what_changes_meets_every_element) {
  const std::string deletes =
      "r6 = r4\nr7 = r2\ncall bpf_map_delete_elem\nr1 = *(u32 *)(r7 + 0)\nr0 = *(u64 *)(r6 + 0)\n"
      "r0 += r1\n*(u64 *)(r6 + 0) = r0\nr0 = 0\nexit\n";
  expect(walking("hash", kEntries, "r0 = r2\n" + deletes), u64{66} << 8 | kEntries);
  const std::string changes =
      "r6 = r4\nr1 = *(u64 *)(r3 + 0)\n*(u64 *)(r10 - 8) = r1\nr3 = r10\nr3 += -8\n"
      "r1 = map[hash] ll\nr4 = 0\ncall bpf_map_update_elem\nr0 = *(u64 *)(r6 + 0)\nr0 += 1\n"
      "*(u64 *)(r6 + 0) = r0\nr0 = 0\nexit\n";
  expect(walking("hash", kEntries, changes), u64{kEntries} << 8 | kEntries);
}

TEST(Callbacks, a_walk_is_ended_by_its_callback) {
  expect(walking("array", 3,
                 "r0 = *(u64 *)(r4 + 0)\nr0 += 1\n*(u64 *)(r4 + 0) = r0\nr1 = r0\nr0 = 0\n"
                 "if r1 < 4 goto +1\nr0 = 1\nexit\n"),
         4u << 8 | 4);
}

TEST(Callbacks, keys_are_not_written) {
  const verify::Verdict verdict =
      verify::verify(program_of(walking("array", 3, "*(u32 *)(r2 + 0) = 0\nr0 = 0\nexit\n")));
  ASSERT_FALSE(verdict.accepted());
  EXPECT_EQ(std::get<verify::Report>(verdict.outcome).property, "read-only");
}

// A loop is a run's work like any other.
TEST(Callbacks, a_budget_stops_a_loop) {
  const auto environment = runtime::deterministic_environment();
  const auto program = program_of(adding("r1 = 8388608\nr4 = 0\n", 8388608));
  for (const Tier tier : kTiers) {
    auto app = runtime::App::create(program->maps, *environment, {.budget = 1000}).value();
    auto verified = std::get<verify::VerifiedProgram>(verify::verify(program).outcome);
    std::array<std::byte, 64> context{};
    const auto result = app.run(*app.load(std::move(verified), tier).value(), context);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().fault, Fault::exhausted);
  }
}

}  // namespace
}  // namespace skep::callbacks
