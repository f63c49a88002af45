// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A few bytes of file that ask for 80 MiB of memory.
// clang-format off
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
// clang-format on
char table[80 << 20];
SEC("xdp") int program(struct xdp_md* packet) { return table[packet->rx_queue_index & 63]; }
