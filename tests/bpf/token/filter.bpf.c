// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A socket filter that counts packets by their length: what a token must delegate is one command of
// each kind, a hash and a socket filter.
// clang-format off
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
// clang-format on

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 16);
  __type(key, __u32);
  __type(value, __u64);
} lengths SEC(".maps");

SEC("socket") int by_length(struct __sk_buff* packet) {
  __u32 length = packet->len;
  __u64 one = 1;
  bpf_map_update_elem(&lengths, &length, &one, BPF_ANY);
  return (int)length;
}

char LICENSE[] SEC("license") = "GPL";
