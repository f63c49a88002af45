// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Safe, and skep's verifier proves it: a modulo bounds the index. Linux (6.18) learns nothing from
// a modulo and rejects it. The map is pinned by name before that.
// clang-format off
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
// clang-format on

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u64[7]);
  __uint(pinning, LIBBPF_PIN_BY_NAME);
} by_remainder SEC(".maps");

SEC("xdp") int program(struct xdp_md* packet) {
  __u32 zero = 0;
  __u64* counts = bpf_map_lookup_elem(&by_remainder, &zero);
  __u64 length = (__u32)(packet->data_end - packet->data);
  if (counts) counts[length % 7]++;
  return XDP_PASS;
}

char licence[] SEC("license") = "Dual BSD/GPL";
