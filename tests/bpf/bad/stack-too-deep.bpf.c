// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Refused at line 9: 512 bytes are the stack, the write is at 520.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("xdp")
int wrong(struct xdp_md* context) {
  asm volatile("*(u64*)(r10 - 520) = r10" ::: "memory");
  return XDP_PASS;
}
