// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Refused at line 22: the function takes its memory to be as aligned as its size allows.
// Kernel: accepted because Linux leaves it to the processor, and x86-64 carries it out.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct counters {
  int packets, bytes, drops;
};
int state[4];

__attribute__((noinline)) int count(struct counters* counters) {
  if (!counters) return 0;
  __sync_fetch_and_add(&counters->drops, 1);
  return 0;
}

SEC("xdp")
int wrong(struct xdp_md* context) {
  void* two_behind = (char*)state + 2;
  count(two_behind);
  return XDP_PASS;
}
