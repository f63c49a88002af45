// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Refused at line 12: 14 bytes are checked, the 15th is read.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("xdp")
int wrong(struct xdp_md* context) {
  void* data = (void*)(long)context->data;
  void* end = (void*)(long)context->data_end;
  if (data + 14 > end) return XDP_DROP;
  return ((__u8*)data)[14];
}
