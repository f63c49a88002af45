// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Refused at line 19: the value has 64 bytes, 8 are read from byte 60.
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
  __u32 key = 0;
  void* value = bpf_map_lookup_elem(&table, &key);
  if (!value) return XDP_DROP;
  return *(__u64*)(value + 60);
}
