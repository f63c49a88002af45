// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// A map without room for a single entry.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 0);
  __type(key, __u32);
  __type(value, __u64);
} nothing SEC(".maps");

SEC("xdp")
int counts(struct xdp_md* context) {
  __u32 key = 0;
  return bpf_map_lookup_elem(&nothing, &key) ? XDP_DROP : XDP_PASS;
}
