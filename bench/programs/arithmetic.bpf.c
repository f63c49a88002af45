// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Multiplication, division, remainder and shifts by what is not known before.
#include "program.h"

PROGRAM(arithmetic) {
  const __u8 *frame = FRAME_OR_NULL;
  if (!frame) return 0;
  __u64 x = *(const __u64 *)frame | 1, sum = 0;
  for (__u32 i = 1; i <= 1024; ++i) {
    x = x * 6364136223846793005ull + 1442695040888963407ull;
    sum += (x >> 33) % (i + 7) + (x >> (i & 31)) / (i | 3);
    sum ^= sum << 5;
  }
  return folded(sum);
}
