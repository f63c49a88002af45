// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// A section name that no program type has, one letter off.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("xpd")
int misspelled(struct xdp_md* context) { return XDP_PASS; }
