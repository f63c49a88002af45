// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Refused at line 10: the context is read at constant offsets only.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("xdp")
int wrong(struct xdp_md* context) {
  __u32 n = context->ingress_ifindex & 4;
  return *(volatile __u32*)((void*)context + n);
}
