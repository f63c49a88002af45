// The hash of a key: multiply two seeded words to 128 bits and fold, sixteen bytes of key a step.
//
// In the way of wyhash, but the steps of a long key do not wait for each other: their products are
// added up, and one more multiplication mixes the sum with the last bytes. Keys of 4, 8 and 16
// bytes cost one multiplication. The seed is drawn for each map, so that nobody can send keys that
// share a bucket.
#pragma once

#include "base/types.hpp"
#include "maps/words.hpp"

namespace skep::maps {

inline u64 folded(u64 left, u64 right) {
  const u128 product = static_cast<u128>(left) * right;
  return static_cast<u64>(product) ^ static_cast<u64>(product >> 64);
}

// Inlined for constant sizes.
[[gnu::always_inline]] inline u64 hash_of(const void* key, u32 bytes, u64 seed) {
  constexpr u64 kFirst = 0xa0761d6478bd642f,
                kSecond = 0xe7037ed1a0b428db;  // odd, half of their bits set
  auto* at = static_cast<const u8*>(key);
  u64 state = seed ^ kFirst, step = seed;
  u32 left = bytes;
  for (; left > 16; left -= 16, at += 16) {
    step += kSecond;  // else equal steps in another order would be the same key
    state += folded(word_of(at, 8) ^ step, word_of(at + 8, 8) ^ kFirst ^ seed);
  }
  const u64 low = word_of(at, left < 8 ? left : 8);
  const u64 high = left > 8 ? word_of(at + 8, left - 8) : 0;
  return folded(low ^ state, high ^ kSecond ^ seed ^ bytes);
}

}  // namespace skep::maps
