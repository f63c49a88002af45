// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// SipHash-2-4 of 64 bytes (Aumasson, Bernstein 2012): adds, rotates and exclusive ors of 64 bits.
#include "program.h"

#define SIP_ROUND             \
  do {                        \
    v0 += v1;                 \
    v1 = ROTATE(v1, 13) ^ v0; \
    v0 = ROTATE(v0, 32);      \
    v2 += v3;                 \
    v3 = ROTATE(v3, 16) ^ v2; \
    v0 += v3;                 \
    v3 = ROTATE(v3, 21) ^ v0; \
    v2 += v1;                 \
    v1 = ROTATE(v1, 17) ^ v2; \
    v2 = ROTATE(v2, 32);      \
  } while (0)

PROGRAM(siphash) {
  const __u8 *frame = FRAME_OR_NULL;
  if (!frame) return 0;
  __u64 key = 0x0706050403020100ull;
  for (__u32 round = 0; round < 32; ++round) {
    __u64 v0 = key ^ 0x736f6d6570736575ull, v1 = ~key ^ 0x646f72616e646f6dull;
    __u64 v2 = key ^ 0x6c7967656e657261ull, v3 = ~key ^ 0x7465646279746573ull;
    for (__u32 at = 0; at < 64; at += 8) {
      const __u64 word = *(const __u64 *)(frame + at);
      v3 ^= word;
      SIP_ROUND;
      SIP_ROUND;
      v0 ^= word;
    }
    v3 ^= 64ull << 56;
    SIP_ROUND;
    SIP_ROUND;
    v0 ^= 64ull << 56;
    v2 ^= 0xff;
    SIP_ROUND;
    SIP_ROUND;
    SIP_ROUND;
    SIP_ROUND;
    key = v0 ^ v1 ^ v2 ^ v3;
  }
  return folded(key);
}
