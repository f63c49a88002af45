// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A variable that holds an address needs a loader that relocates data.
// clang-format off
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
// clang-format on
int target = 5;
int* volatile pointer = &target;
SEC("xdp") int follow(struct xdp_md* packet) { return *pointer; }
SEC("xdp") int plain(struct xdp_md* packet) { return XDP_PASS; }
