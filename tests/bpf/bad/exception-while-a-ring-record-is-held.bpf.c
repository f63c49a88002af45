// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Refused at line 18: nobody gives the record back.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";
extern void bpf_throw(__u64 cookie) __ksym;

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
} events SEC(".maps");

SEC("xdp")
int wrong(struct xdp_md* context) {
  __u64* record = bpf_ringbuf_reserve(&events, sizeof *record, 0);
  if (!record) return XDP_PASS;
  *record = 1;
  if (context->ingress_ifindex == 0) bpf_throw(1);
  bpf_ringbuf_submit(record, 0);
  return XDP_PASS;
}
