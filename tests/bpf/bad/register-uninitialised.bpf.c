// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Refused at line 10: r7 was never set.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("xdp")
int wrong(struct xdp_md* context) {
  __u64 value;
  asm volatile("%0 = r7" : "=r"(value));
  return value;
}
