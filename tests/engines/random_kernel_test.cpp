// Random programs on packets in both engines: the kernel's compiler, and ours in each of its tiers,
// must come to the same return value, packet and maps.
//
// A difference is made smaller and printed. What one verifier takes and the other does not is
// counted by its reason; reasons that are not in the table below are failures too. SKEP_SEED=n
// begins with another seed than 1, and runs that one alone unless SKEP_COUNT=n asks for so many.
#include "kernel_engine.hpp"
#include "random_sides.hpp"
#include "shrink.hpp"

namespace skep::random_kernel {
namespace {

using engines::Taken;

struct Totals {
  u64 compared = 0;
  std::map<std::string, u64> by_both, by_us, by_kernel;  // refused, by why
};
Totals total;

struct KnownReason {
  std::string_view beginning;
  std::string_view why;
};
constexpr KnownReason kKernelsOnly[] = {{"none", ""}};
constexpr KnownReason kOursOnly[] = {{"none", ""}};

bool is_known(std::span<const KnownReason> reasons, const std::string& reason) {
  return std::ranges::any_of(reasons, [&](auto& row) { return reason.starts_with(row.beginning); });
}

// One program and input in both engines.
struct Comparison {
  std::shared_ptr<const platform::Program> program;
  std::string difference;  // empty: none that matters

  static Comparison of(const engines::Random& random, u64 seed) {
    static Sides sides;
    const auto type = seed % 2 == 0 ? platform::ProgramType::xdp : platform::ProgramType::sched_cls;
    static const engines::Knows knows = what_the_kernel_knows();
    Comparison out{engines::random_packet_program(random, type, knows), {}};
    const Answer theirs = sides.kernel().run(out.program, seed);
    const Answer ours = sides.user().run(out.program, seed);
    out.difference = compare(ours, theirs);
    return out;
  }

 private:
  static std::string compare(const Answer& ours, const Answer& theirs) {
    if (ours.refused && theirs.refused)
      return ++total.by_both[*ours.refused + "; " + *theirs.refused], "";
    if (theirs.refused) {
      ++total.by_kernel[*theirs.refused];
      if (is_known(kKernelsOnly, *theirs.refused)) return {};
      return "the kernel refuses it: " + *theirs.refused;
    }
    if (ours.refused) {
      ++total.by_us[*ours.refused];
      if (is_known(kOursOnly, *ours.refused)) return {};
      return "only the kernel takes it: " + *ours.refused;
    }
    ++total.compared;
    return random_kernel::difference(ours, theirs);
  }
};

// Without the numbers: the kind of difference that shrinking must keep.
std::string kind_of(const std::string& difference) {
  return difference.substr(0, difference.find_first_of("0123456789"));
}

std::string smallest(u64 seed, const std::string& kind) {
  Taken taken;
  (void)Comparison::of(
      [&taken, random = std::mt19937_64(seed)]() mutable { return taken.emplace_back(random()); },
      seed);
  const auto of = [&](const Taken& choices) {
    return Comparison::of(engines::Replay(choices), seed);
  };
  const Taken least = engines::Shrinker([&](const Taken& choices) {
                        return kind_of(of(choices).difference) == kind;
                      }).run(taken);
  const Comparison comparison = of(least);
  return format("{}\n{}", comparison.difference, listing(*comparison.program));
}

void check(u64 seed) {
  const auto comparison = Comparison::of(std::mt19937_64(seed), seed);
  if (comparison.difference.empty()) return;
  ADD_FAILURE() << "seed " << seed << ": " << comparison.difference
                << "\nmade smaller: " << smallest(seed, kind_of(comparison.difference));
}

void print_totals() {
  std::printf("compared: %s\n", counted(total.compared, "program").c_str());
  const auto print = [](const char* who, const std::map<std::string, u64>& reasons) {
    for (const auto& [why, count] : reasons)
      std::printf("  refused by %s: %s, %s\n", who, counted(count, "program").c_str(), why.c_str());
  };
  print("both", total.by_both);
  print("us only", total.by_us);
  print("the kernel only", total.by_kernel);
}

TEST(RandomPackets, mean_the_same_in_the_kernel) {
  if (const std::string why = kernel_test::refusal(); !why.empty()) GTEST_SKIP() << why;
  choose_kernel_engine();
  const char* const chosen = std::getenv("SKEP_SEED");
  const u64 first = chosen != nullptr ? parse_unsigned(chosen).value_or(0) : 1;
  const char* const asked = std::getenv("SKEP_COUNT");
  const u64 some = std::getenv("SKEP_GUEST") != nullptr ? 40 : 400;
  const u64 count = asked != nullptr    ? parse_unsigned(asked).value_or(0)
                    : chosen != nullptr ? 1
                                        : some;
  const u64 failures_max = 5;
  u64 failures = 0;
  for (u64 seed = first; seed < first + count && failures < failures_max; ++seed) {
    check(seed);
    failures += HasFailure() ? 1 : 0;
  }
  print_totals();
}

}  // namespace
}  // namespace skep::random_kernel
