// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Refused at line 30: what the function hands to bpf_loop may throw, and then nobody gives the
// record back.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";
extern void bpf_throw(__u64 cookie) __ksym;

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
} events SEC(".maps");

static long stop(__u32 round, void* unused) {
  if (round > 3) bpf_throw(1);
  return 0;
}

__attribute__((noinline)) int may_throw(int number) {
  bpf_loop(number, stop, 0, 0);
  return number;
}

SEC("xdp")
int wrong(struct xdp_md* context) {
  __u64* record = bpf_ringbuf_reserve(&events, sizeof *record, 0);
  if (!record) return XDP_PASS;
  *record = 0;

  *record = may_throw(context->ingress_ifindex);
  bpf_ringbuf_submit(record, 0);
  return XDP_PASS;
}
