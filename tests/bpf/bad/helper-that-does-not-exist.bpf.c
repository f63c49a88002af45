// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Refused at line 10: no helper has the number 9999.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("xdp")
int wrong(struct xdp_md* context) {
  long (*helper)(void) = (void*)9999;
  return helper();
}
