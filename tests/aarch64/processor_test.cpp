// What is aarch64's alone: what the processor has is asked for, and calls are near.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "engines.hpp"

namespace skep::engines {
namespace {

// SKEP_HAS_LSE says what qemu was told to be; on a real processor nobody knows better.
TEST(Processor, is_asked_for_its_atomic_operations) {
  const char* const told = std::getenv("SKEP_HAS_LSE");
  if (told == nullptr) GTEST_SKIP() << "SKEP_HAS_LSE does not say what this processor has";
  EXPECT_EQ(jit::this_processor().has_lse, std::string_view(told) == "1");
}

u64 answer(u64, u64, u64, u64, u64, void*) { return 42; }

u32 count_words(std::span<const std::byte> code, u32 mask, u32 bits) {
  u32 count = 0;
  for (std::size_t at = 0; at < code.size(); at += sizeof(u32)) {
    u32 word = 0;
    std::memcpy(&word, &code[at], sizeof word);
    if ((word & mask) == bits) ++count;
  }
  return count;
}

// Code stands so near to the program that a helper is called by `bl`.
TEST(Processor, calls_helpers_directly) {
  platform::Bindings bindings;
  bindings.helpers[5] = answer;
  const auto compiled = compile(program({call_helper(5), leave()}), bindings);
  EXPECT_EQ(compiled.run(nullptr, nullptr), 42u);
  EXPECT_EQ(count_words(compiled.code(), 0xfc000000, 0x94000000), 1u) << "bl";
  EXPECT_EQ(count_words(compiled.code(), 0xfffffc1f, 0xd63f0000), 0u) << "blr";
}

TEST(Processor, atomic_operations_are_one_instruction_where_it_has_them) {
  const Code code = program({mov(0, 0), atomic(Atomic::fetch_add, Width::w64, 1, 0, 0), leave()});
  const bool has_lse = jit::this_processor().has_lse;
  EXPECT_EQ(count_words(compile(code).code(), 0xffe0fc00, 0xf8e00000), has_lse ? 1u : 0u);
  const auto baseline = compile(code, {}, Features::baseline);
  EXPECT_EQ(count_words(baseline.code(), 0xfffffc00, 0xc85ffc00), 1u) << "ldaxr";
}

}  // namespace
}  // namespace skep::engines
