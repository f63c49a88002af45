// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Refused at line 9: the loop has no way out.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("xdp")
int wrong(struct xdp_md* context) {
  for (;;) asm volatile("");
  return XDP_PASS;
}
