// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// The program that docs/manual/compiler.md follows through the compiler: packets to ports below
// 1024 and to others are counted.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 2);
  __type(key, __u32);
  __type(value, __u64);
} kinds SEC(".maps");

SEC("xdp")
int ports(struct xdp_md* context) {
  const __u8* data = (const __u8*)(long)context->data;
  if (data + 38 > (const __u8*)(long)context->data_end) return XDP_PASS;
  __u32 port = data[36] << 8 | data[37];
  __u32 key = 0;
  if (port > 1023) key = 1;
  __u64* count = bpf_map_lookup_elem(&kinds, &key);
  if (count) ++*count;
  return XDP_PASS;
}
