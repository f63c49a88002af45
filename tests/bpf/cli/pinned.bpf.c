// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A map that others share by its name.
// clang-format off
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
// clang-format on

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u64);
  __uint(pinning, LIBBPF_PIN_BY_NAME);
} shared SEC(".maps");

SEC("xdp") int program(struct xdp_md* packet) {
  __u32 key = 0;
  return bpf_map_lookup_elem(&shared, &key) ? XDP_PASS : XDP_DROP;
}

char licence[] SEC("license") = "Dual BSD/GPL";
