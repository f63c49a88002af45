// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A program that takes the place of a function of another one.
// clang-format off
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
// clang-format on

SEC("freplace/filter") int program(struct xdp_md* packet) { return XDP_PASS; }

char licence[] SEC("license") = "Dual BSD/GPL";
