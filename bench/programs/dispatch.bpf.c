// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A small machine whose operations are the bytes of the frame: a switch of twelve cases.
#include "program.h"

PROGRAM(dispatch) {
  const __u8 *frame = FRAME_OR_NULL;
  if (!frame) return 0;
  __u64 a = 1, b = 2;
  for (__u32 round = 0; round < 8; ++round) {
    for (__u32 i = 0; i < 128; ++i) {
      switch (frame[i] % 12) {
        case 0: a += b; break;
        case 1: b ^= a; break;
        case 2: a <<= 1; break;
        case 3: b -= 3; break;
        case 4: a = a * 5 + 1; break;
        case 5: b = b >> 2 | 1; break;
        case 6: a ^= 0x5555; break;
        case 7: b += i; break;
        case 8: a -= b; break;
        case 9: b = ROTATE(b, 7); break;
        case 10: a &= ~7ull; break;
        default: a = ~a; break;
      }
    }
  }
  return folded(a ^ b);
}
