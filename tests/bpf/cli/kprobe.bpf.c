// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// A program that takes no packets.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("kprobe/do_unlinkat")
int probe(void* context) { return 0; }
