// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// A relocation to nothing: the function is declared and called, and nowhere defined.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

int somewhere_else(int);

SEC("xdp")
int calls_out(struct xdp_md* context) { return somewhere_else(1); }
