// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Refused at line 10: a pointer may be moved, not multiplied.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("xdp")
int wrong(struct xdp_md* context) {
  __u64 data = context->data;
  asm volatile("%0 *= 2" : "+r"(data));
  return *(__u8*)data;
}
