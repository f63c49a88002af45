// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Programs of each packet type that decide by a number: the fourth byte of the destination MAC, or
// what `decision` says. For verdict names, what --write keeps, and choosing a program.
#include <linux/pkt_cls.h>

#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile int decision = 2;

SEC("xdp")
int decide_xdp(struct xdp_md* context) { return decision; }

SEC("tc")
int decide_tc(struct __sk_buff* context) { return decision; }

SEC("socket")
int decide_socket(struct __sk_buff* context) { return decision; }
