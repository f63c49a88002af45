// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The verifier refuses the second program, after two maps and a program were made.
// clang-format off
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
// clang-format on

__u64 count;
const volatile __u32 limit = 7;

SEC("xdp") int accepted(struct xdp_md* packet) {
  count += limit;
  return XDP_PASS;
}

SEC("xdp") int unbounded(struct xdp_md* packet) {
  unsigned char* data = (void*)(long)packet->data;
  return data[limit];
}

char licence[] SEC("license") = "GPL";
