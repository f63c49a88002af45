// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A number in a sorted table of 64, by halves.
#include "program.h"

static const __u32 sorted[64] = {3,   9,   14,  28,  31,  47,  50,  66,  71,  89,  97,  103, 118,
                                 122, 139, 140, 155, 163, 170, 189, 195, 207, 211, 226, 238, 243,
                                 259, 266, 274, 290, 301, 317, 322, 339, 345, 358, 366, 371, 389,
                                 398, 404, 417, 426, 433, 449, 452, 470, 481, 488, 503, 511, 529,
                                 530, 547, 556, 562, 579, 588, 595, 601, 618, 622, 639, 640};

PROGRAM(binary_search) {
  const __u8 *frame = FRAME_OR_NULL;
  if (!frame) return 0;
  __u32 sum = 0, wanted = *(const __u32 *)frame;
  for (__u32 round = 0; round < 128; ++round) {
    wanted = wanted * 1664525u + 1013904223u;
    const __u32 key = wanted >> 22;
    __u32 low = 0;
    for (__u32 step = 32; step > 0; step /= 2) {
      if (sorted[(low + step) & 63] <= key) low += step;
    }
    sum += low + (sorted[low & 63] == key);
  }
  return sum;
}
