// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The options of a TCP header, one after the other, each as long as it says.
#include "program.h"

PROGRAM(tcp_options) {
  const __u8 *frame = FRAME_OR_NULL;
  if (!frame) return 0;
  __u32 sum = 0;
  for (__u32 round = 0; round < 32; ++round) {
    const __u32 begin = 14 + 20 + 20;
    __u32 at = begin;
    for (__u32 count = 0; count < 10; ++count) {
      if (at >= begin + 40) break;
      const __u8 *option = frame + at;
      if (option + 6 > END) break;
      const __u8 kind = option[0];
      if (kind == 0) break;
      if (kind == 1) {
        ++at;
        continue;
      }
      const __u8 length = option[1];
      if (length < 2 || length > 40) break;
      if (kind == 2) sum += option[2] << 8 | option[3];
      if (kind == 3) sum ^= option[2];
      if (kind == 8) sum += *(const __u32 *)(option + 2);
      at += length;
    }
    sum = sum * 3 + at;
  }
  return sum;
}
