// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Bits counted, reversed, spread and the lowest one found, without any instruction for it.
#include "program.h"

PROGRAM(bits) {
  const __u8 *frame = FRAME_OR_NULL;
  if (!frame) return 0;
  __u64 x = *(const __u64 *)frame, sum = 0;
  for (__u32 round = 0; round < 256; ++round) {
    x = x * 6364136223846793005ull + 1442695040888963407ull;
    __u64 count = x - (x >> 1 & 0x5555555555555555ull);
    count = (count & 0x3333333333333333ull) + (count >> 2 & 0x3333333333333333ull);
    count = ((count + (count >> 4)) & 0x0f0f0f0f0f0f0f0full) * 0x0101010101010101ull >> 56;
    __u32 reversed = (__u32)x;
    reversed = (reversed >> 1 & 0x55555555) | (reversed & 0x55555555) << 1;
    reversed = (reversed >> 2 & 0x33333333) | (reversed & 0x33333333) << 2;
    reversed = (reversed >> 4 & 0x0f0f0f0f) | (reversed & 0x0f0f0f0f) << 4;
    const __u64 lowest = x & -x;
    const __s64 low = (__s32)x, high = (__s64)x >> 32;
    sum += count + __builtin_bswap32(reversed) + (lowest & 0xffff) +
           (low < high ? (__u64)low : (__u64)high);
  }
  return folded(sum);
}
