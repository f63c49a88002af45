// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Elements of an array map, looked up by a number that is not known before.
#include "program.h"

#ifdef __bpf__
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 256);
  __type(key, __u32);
  __type(value, __u64[2]);
} elements SEC(".maps");
#define LOOK_UP(key) bpf_map_lookup_elem(&elements, &key)
#else
static __u64 elements[256][2];
#define LOOK_UP(key) (key < 256 ? elements[key] : 0)
#endif

PROGRAM(counters) {
  const __u8 *frame = FRAME_OR_NULL;
  if (!frame) return 0;
  __u32 sum = 0;
  for (__u32 round = 0; round < 256; ++round) {
    __u32 key = frame[round & 127] ^ (round & 3);
    __u64 *element = LOOK_UP(key);
    if (!element) return 0;
    element[0] += 1;
    element[1] += round;
    sum = sum * 3 + key;
  }
  return sum;
}
