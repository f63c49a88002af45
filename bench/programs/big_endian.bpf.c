// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Numbers in network order, put together from bytes, as portable C does.
#include "program.h"

static inline __u16 get16(const __u8 *at) { return (__u16)(at[0] << 8 | at[1]); }
static inline __u32 get32(const __u8 *at) {
  return (__u32)at[0] << 24 | (__u32)at[1] << 16 | (__u32)at[2] << 8 | at[3];
}
static inline __u64 get64(const __u8 *at) { return (__u64)get32(at) << 32 | get32(at + 4); }

PROGRAM(big_endian) {
  const __u8 *frame = FRAME_OR_NULL;
  if (!frame) return 0;
  __u64 sum = 0;
  for (__u32 round = 0; round < 32; ++round) {
    for (__u32 at = 0; at < 112; at += 14) {
      sum += get16(frame + at) ^ (sum >> 7);
      sum ^= get32(frame + at + 2);
      sum += get64(frame + at + 6) >> (round & 3);
    }
  }
  return folded(sum);
}
