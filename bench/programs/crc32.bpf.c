// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// CRC-32 (reflected 0x04c11db7), by a table of sixteen, which is constant data.
#include "program.h"

static const __u32 table[16] = {
    0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
    0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};

PROGRAM(crc32) {
  const __u8 *frame = FRAME_OR_NULL;
  if (!frame) return 0;
  __u32 crc = ~0u;
  for (__u32 round = 0; round < 8; ++round) {
    for (__u32 i = 0; i < 128; ++i) {
      crc ^= frame[i];
      crc = crc >> 4 ^ table[crc & 15];
      crc = crc >> 4 ^ table[crc & 15];
    }
  }
  return ~crc;
}
