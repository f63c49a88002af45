// Random programs, the same on every engine: interpreted and compiled, confined and trusted.
//
// SKEP_SEED=n begins with another seed than 1, and runs that one alone unless SKEP_COUNT=n asks for
// so many. A failing program is made smaller and printed. tests/fuzz/fuzz_random.cpp lets a fuzzer
// choose the programs.
#include "forms.hpp"
#include "shrink.hpp"

namespace skep::engines {
namespace {

std::vector<u8> memory_of(u64 seed) {
  std::vector<u8> out(kMemoryBytes);
  for (u32 at = 0; at < kMemoryBytes; ++at) out[at] = static_cast<u8>(at * 37 + seed);
  return out;
}

Forms::Proof proof_of(const Code& code) {
  return {facts_of(code, kBase, verify::Region::map_value), Generator::kFrame};
}

// The first form of a program that differs from the reference: how, or an empty text.
class Agreement {
 public:
  Agreement(const Code& code, u64 seed)
      : forms_(code, proof_of(code), memory_of(seed)), seed_(seed) {}

  std::string difference() {
    const Outcome whole = forms_.reference();
    if (!whole.result.starts_with("0x")) return "the reference stops: " + whole.result;
    expect("JIT, confined", forms_.confined(), whole);
    expect("threaded code", forms_.threaded(), whole);
    expect("JIT", forms_.native(), whole);
    expect("JIT, baseline", forms_.baseline(), whole);
    // A run that is cut short ends at the same place everywhere and leaves the same memory; one
    // that pays and is not cut short gives the same result.
    for (const u64 budget : {seed_ % 97, seed_ % 13, Forms::kEnough}) {
      const Outcome want = budget == Forms::kEnough ? whole : forms_.reference(budget);
      expect("JIT, confined, cut short", forms_.confined(budget), want);
      expect("threaded code, paying", forms_.threaded_within(budget), want);
      expect("JIT, paying", forms_.native_within(budget), want);
    }
    return found_;
  }

 private:
  void expect(std::string_view engine, const Outcome& got, const Outcome& want) {
    if (got == want || !found_.empty()) return;
    found_ = format("{}: {} instead of {}{}", engine, got.result, want.result,
                    got.memory == want.memory ? "" : ", and another memory");
  }

  Forms forms_;
  u64 seed_;
  std::string found_;
};

void check(u64 seed) {
  const auto differs = [&](Random random) {
    const Code code = Generator(std::move(random)).run();
    return Agreement(code, seed).difference();
  };
  const std::string difference = differs(std::mt19937_64(seed));
  if (difference.empty()) return;
  const Replay least(smallest(seed, differs));
  FAIL() << "seed " << seed << ": " << difference << "\nmade smaller: " << differs(least) << "\n"
         << listing(Generator(least).run());
}

TEST(RandomPrograms, mean_the_same_on_every_engine) {
  const auto [first, count] = chosen_seeds(1500);
  for (u64 seed = first; seed < first + count && !HasFailure(); ++seed) check(seed);
}

}  // namespace
}  // namespace skep::engines
