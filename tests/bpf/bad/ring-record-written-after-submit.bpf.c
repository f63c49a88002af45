// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Refused at line 17: after submit the record belongs to the reader.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
} events SEC(".maps");

SEC("xdp")
int wrong(struct xdp_md* context) {
  volatile __u64* record = bpf_ringbuf_reserve(&events, sizeof *record, 0);
  if (!record) return XDP_PASS;
  bpf_ringbuf_submit((void*)record, 0);
  *record = 1;
  return XDP_PASS;
}
