// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Refused at line 9: the verdict of a program is a number, and a pointer is none.
// Kernel: accepted because it lets those do it that may see its addresses (CAP_PERFMON).
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("xdp")
int wrong(struct xdp_md* context) { return (long)(void*)context; }
