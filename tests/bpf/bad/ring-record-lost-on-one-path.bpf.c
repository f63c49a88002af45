// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Refused at line 22: the early return of line 18 forgets the record.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
} events SEC(".maps");

SEC("xdp")
int wrong(struct xdp_md* context) {
  void* data = (void*)(long)context->data;
  void* end = (void*)(long)context->data_end;
  __u64* record = bpf_ringbuf_reserve(&events, sizeof *record, 0);
  if (!record) return XDP_PASS;
  if (data + 1 > end) return XDP_DROP;
  *record = *(__u8*)data;
  bpf_ringbuf_submit(record, 0);
  return XDP_PASS;
}
