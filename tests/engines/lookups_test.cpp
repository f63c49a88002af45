// Look-ups that are made in place, in every tier: what stands around them means what it meant.
#include "tiers.hpp"

namespace skep::lookups {
namespace {

// The bytes behind the look-up are near to the key: whoever loads them through the key's address
// needs that address, though the key was in a register.
TEST(Lookups, a_load_behind_one_reads_the_frame) {
  tiers::expect(
      "r3 = *(u32 *)(r1 + 0)\n*(u64 *)(r10 - 16) = 0x11223344\n*(u32 *)(r10 - 48) = r3\n"
      "r2 = r10\nr2 += -48\nr1 = map[array] ll\ncall bpf_map_lookup_elem\n"
      "r4 = *(u32 *)(r10 - 16)\nr4 = be32 r4\nif r0 == 0 goto +1\nr4 += 1\nr0 = r4\nexit\n",
      0x44332212);
}

}  // namespace
}  // namespace skep::lookups
