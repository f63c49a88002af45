// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Refused at line 25: index 8 of 8 numbers, thousands of steps into the log.
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
  __u64 sum = 0;
#pragma clang loop unroll(disable)
  for (int i = 0; i < 2000; ++i) sum += value[i & 7] ^ sum << 1;
  __u64 index = *(__u8*)data;
  if (index <= 8) return value[index] + sum;
  return XDP_PASS;
}
