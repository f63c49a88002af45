// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Twelve numbers on the stack, sorted by exchanging neighbours.
#include "program.h"

PROGRAM(sort) {
  const __u8 *frame = FRAME_OR_NULL;
  if (!frame) return 0;
  __u32 numbers[12], seed = *(const __u32 *)frame, sum = 0;
  for (__u32 round = 0; round < 8; ++round) {
    for (__u32 i = 0; i < 12; ++i) numbers[i] = seed = seed * 1664525u + 1013904223u;
    for (__u32 end = 11; end > 0; --end) {
      for (__u32 i = 0; i < end; ++i) {
        const __u32 left = numbers[i], right = numbers[i + 1];
        if (left > right) numbers[i] = right, numbers[i + 1] = left;
      }
    }
    sum = sum * 31 + numbers[0] + numbers[7] + numbers[11];
  }
  return sum;
}
