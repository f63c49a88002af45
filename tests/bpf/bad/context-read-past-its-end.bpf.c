// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Refused at line 8: an xdp_md has 24 bytes.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("xdp")
int wrong(struct xdp_md* context) { return *(volatile __u32*)((void*)context + 24); }
