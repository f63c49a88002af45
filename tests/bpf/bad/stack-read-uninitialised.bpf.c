// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Refused at line 11: the byte is read, nothing wrote it.
// Kernel: accepted because it lets those do it that may read its memory (CAP_PERFMON).
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("xdp")
int wrong(struct xdp_md* context) {
  __u64 byte;
  asm volatile("%0 = *(u8*)(r10 - 8)" : "=r"(byte));
  return byte;
}
