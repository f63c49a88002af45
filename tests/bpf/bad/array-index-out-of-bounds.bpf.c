// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Refused at line 22: an index from the packet goes to 255, the value has 8 numbers.
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
  void* data = (void*)(long)context->data;
  void* end = (void*)(long)context->data_end;
  __u32 key = 0;
  __u64* value = bpf_map_lookup_elem(&table, &key);
  if (!value || data + 1 > end) return XDP_DROP;
  __u8 index = *(__u8*)data;
  return value[index];
}
