// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Ethernet, IPv4 and TCP headers read, and the checksum of the IPv4 header computed (RFC 1071).
#include "program.h"

PROGRAM(checksum) {
  const __u8 *frame = FRAME_OR_NULL;
  if (!frame) return 0;
  __u32 sum = 0;
  for (__u32 round = 0; round < 64; ++round) {
    if (*(const __u16 *)(frame + 12) != __builtin_bswap16(0x0800)) return 1;
    const __u8 *ip = frame + 14;
    if (ip[0] != 0x45 || ip[9] != 6) return 2;
    __u32 check = sum & 0xff;
    for (__u32 i = 0; i < 20; i += 2) check += *(const __u16 *)(ip + i);
    check = (check & 0xffff) + (check >> 16);
    check = (check & 0xffff) + (check >> 16);
    const __u8 *tcp = ip + 20;
    const __u16 from = __builtin_bswap16(*(const __u16 *)tcp),
                to = __builtin_bswap16(*(const __u16 *)(tcp + 2));
    sum += (__u16)~check + (from > to ? from : to);
    if (tcp[13] & 2) sum ^= __builtin_bswap32(*(const __u32 *)(tcp + 4));
  }
  return sum;
}
