// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// SHA-256 of one block (FIPS 180-4), its schedule in sixteen words on the stack.
#include "program.h"

static const __u32 constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

#define RIGHT(x, bits) ROTATE(x, 32 - (bits))
#define SMALL0(x) (RIGHT(x, 7) ^ RIGHT(x, 18) ^ (x) >> 3)
#define SMALL1(x) (RIGHT(x, 17) ^ RIGHT(x, 19) ^ (x) >> 10)
#define LARGE0(x) (RIGHT(x, 2) ^ RIGHT(x, 13) ^ RIGHT(x, 22))
#define LARGE1(x) (RIGHT(x, 6) ^ RIGHT(x, 11) ^ RIGHT(x, 25))

PROGRAM(sha256) {
  const __u8 *frame = FRAME_OR_NULL;
  if (!frame) return 0;
  __u32 digest = 0;
  for (__u32 round = 0; round < 4; ++round) {
    __u32 words[16];
    for (__u32 i = 0; i < 16; ++i)
      words[i] = __builtin_bswap32(*(const __u32 *)(frame + 4 * i)) ^ digest;
    __u32 a = 0x6a09e667, b = 0xbb67ae85, c = 0x3c6ef372, d = 0xa54ff53a;
    __u32 e = 0x510e527f, f = 0x9b05688c, g = 0x1f83d9ab, h = 0x5be0cd19;
    for (__u32 i = 0; i < 64; ++i) {
      const __u32 word = words[i & 15];
      const __u32 first = h + LARGE1(e) + ((e & f) ^ (~e & g)) + constants[i] + word;
      const __u32 second = LARGE0(a) + ((a & b) ^ (a & c) ^ (b & c));
      words[i & 15] =
          word + SMALL0(words[(i + 1) & 15]) + words[(i + 9) & 15] + SMALL1(words[(i + 14) & 15]);
      h = g, g = f, f = e, e = d + first, d = c, c = b, b = a, a = first + second;
    }
    digest = a ^ b ^ c ^ d ^ e ^ f ^ g ^ h;
  }
  return digest;
}
