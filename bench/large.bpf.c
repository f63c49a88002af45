// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// A large object of forty programs, for what loading costs: each has a thousand steps of its own
// that read maps and globals, and calls functions that all share. About 2 MB with what -g adds.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct counter {
  __u64 packets, bytes;
};
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 64);
  __type(key, __u32);
  __type(value, struct counter);
} counters SEC(".maps");

volatile __u64 seeds[64];
volatile const __u64 limits[64] = {1};

__attribute__((noinline)) __u64 mix(__u64 left, __u64 right) {
  left ^= right * 0x9e3779b97f4a7c15ull;
  return left ^ left >> 29;
}
__attribute__((noinline)) static __u64 count(__u32 index, __u64 bytes) {
  struct counter* found = bpf_map_lookup_elem(&counters, &index);
  if (!found) return 0;
  found->packets++;
  found->bytes += bytes;
  return found->packets;
}

#define STEP(n)                                     \
  if (hash & (1ull << ((n) % 64))) {                \
    hash += seeds[(n) % 64] * ((n) + 3);            \
  } else {                                          \
    hash ^= limits[((n) + 7) % 64] << (((n) % 31)); \
  }
#define STEPS4(n) STEP(n) STEP(n + 1) STEP(n + 2) STEP(n + 3)
#define STEPS16(n) STEPS4(n) STEPS4(n + 4) STEPS4(n + 8) STEPS4(n + 12)
#define STEPS64(n)                      \
  STEPS16(n)                            \
  hash = mix(hash, count(n, hash));     \
  STEPS16(n + 16)                       \
  hash = mix(hash, count(n + 1, hash)); \
  STEPS16(n + 32) STEPS16(n + 48)

#define PROGRAM(n)                                                                       \
  SEC("xdp") int program_##n(struct xdp_md* packet) {                                    \
    __u64 hash = packet->rx_queue_index + n;                                             \
    STEPS64(n)                                                                           \
    STEPS64(n + 5) STEPS16(n + 9) STEPS16(n + 23) return hash & 1 ? XDP_PASS : XDP_DROP; \
  }
#define PROGRAMS8(n) \
  PROGRAM(n##0)      \
  PROGRAM(n##1) PROGRAM(n##2) PROGRAM(n##3) PROGRAM(n##4) PROGRAM(n##5) PROGRAM(n##6) PROGRAM(n##7)

PROGRAMS8(1)
PROGRAMS8(2)
PROGRAMS8(3)
PROGRAMS8(4)
PROGRAMS8(5)
