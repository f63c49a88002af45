// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Functions that call functions, none of them inlined.
#include "program.h"

NOINLINE __u64 mix(__u64 a, __u64 b) { return (a ^ b) * 0x9e3779b97f4a7c15ull; }
NOINLINE __u64 twice(__u64 a, __u64 b) { return mix(a, b) + mix(b, a >> 3); }
NOINLINE __u64 four_times(__u64 a, __u64 b) { return twice(a, b) ^ twice(b + 1, a); }

PROGRAM(calls) {
  const __u8 *frame = FRAME_OR_NULL;
  if (!frame) return 0;
  __u64 sum = *(const __u64 *)frame;
  for (__u32 round = 0; round < 128; ++round) sum = four_times(sum, round);
  return folded(sum);
}
