// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Refused at line 12: the loop ends when a byte of the packet is zero, which may be never.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("xdp")
int wrong(struct xdp_md* context) {
  void* data = (void*)(long)context->data;
  void* end = (void*)(long)context->data_end;
  if (data + 1 > end) return XDP_DROP;
  while (*(volatile __u8*)data != 0) {
  }
  return XDP_PASS;
}
