// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Refused at line 10: the packet is read before its end was looked at.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("xdp")
int wrong(struct xdp_md* context) {
  __u8* data = (void*)(long)context->data;
  return data[12];
}
