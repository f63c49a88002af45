// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Refused at line 18: a look-up may find nothing.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, __u64[8]);
} table SEC(".maps");

SEC("xdp")
int wrong(struct xdp_md* context) {
  __u32 key = 0;
  __u64* value = bpf_map_lookup_elem(&table, &key);
  return *value;
}
