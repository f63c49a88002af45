// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Refused at line 15: the size of a record has to be known.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
} events SEC(".maps");

SEC("xdp")
int wrong(struct xdp_md* context) {
  __u32 size = (context->data_end - context->data) & 63;
  void* record = bpf_ringbuf_reserve(&events, size, 0);
  if (!record) return XDP_PASS;
  bpf_ringbuf_submit(record, 0);
  return XDP_PASS;
}
