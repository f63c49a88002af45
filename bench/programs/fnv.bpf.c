// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// FNV-1a of 128 bytes: a byte load and a multiplication, each needing the one before.
#include "program.h"

PROGRAM(fnv) {
  const __u8 *frame = FRAME_OR_NULL;
  if (!frame) return 0;
  __u64 hash = 14695981039346656037ull;
  for (__u32 round = 0; round < 16; ++round) {
    for (__u32 i = 0; i < 128; ++i) hash = (hash ^ frame[i]) * 1099511628211ull;
  }
  return folded(hash);
}
