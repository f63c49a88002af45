// Random programs on packets, verified, in every tier of the user engine: the same return value,
// packet and maps.
//
// SKEP_SEED and SKEP_COUNT as for random_test.cpp. Beside the kernel: random_kernel_test.cpp.
#include <cstdlib>

#include "random_user_side.hpp"
#include "shrink.hpp"

namespace skep::random_packets {
namespace {

class Tiers {
 public:
  void check(u64 seed) {
    const auto differs = [&](engines::Random random) {
      const Answer answer = user_.run(program(random, seed), seed);
      return answer.refused ? "refused: " + *answer.refused : answer.tiers_differ;
    };
    const std::string difference = differs(std::mt19937_64(seed));
    if (difference.empty()) return;
    const engines::Replay least(engines::smallest(seed, differs));
    FAIL() << "seed " << seed << ": " << difference << "\nmade smaller: " << differs(least) << "\n"
           << engines::listing(program(least, seed)->code);
  }

 private:
  static std::shared_ptr<const platform::Program> program(const engines::Random& random, u64 seed) {
    return engines::random_packet_program(random, type_of(seed), {});
  }
  UserSide user_;
};

TEST(RandomPackets, mean_the_same_in_every_tier) {
  const auto [first, count] = engines::chosen_seeds(400);
  Tiers tiers;
  for (u64 seed = first; seed < first + count && !HasFailure(); ++seed) tiers.check(seed);
}

}  // namespace
}  // namespace skep::random_packets
