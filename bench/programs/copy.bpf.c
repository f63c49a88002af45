// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Pieces of 6 to 64 bytes from the frame to the stack and between places of it.
#include "program.h"

PROGRAM(copy) {
  const __u8 *frame = FRAME_OR_NULL;
  if (!frame) return 0;
  __u64 words[32] = {}, sum = 0;
  __u8 *to = (__u8 *)words;
  for (__u32 round = 0; round < 64; ++round) {
    __builtin_memcpy(to, frame, 6);
    __builtin_memcpy(to + 8, frame + 14, 20);
    __builtin_memcpy(to + 32, frame + 40, 16);
    __builtin_memcpy(to + 64, frame + 64, 64);
    words[round & 3] += sum;
    __builtin_memcpy(to + 128, to, 32);
    __builtin_memcpy(to + 160, to + 64, 48);
    sum += words[16] ^ words[19] ^ words[25];
  }
  return folded(sum);
}
