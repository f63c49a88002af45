// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Refused at line 16: a tail call takes a program array.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, __u64[8]);
} table SEC(".maps");

SEC("xdp")
int wrong(struct xdp_md* context) {
  bpf_tail_call(context, &table, 0);
  return XDP_PASS;
}
