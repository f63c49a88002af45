// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Refused at line 12: the branch that reads is the one where the packet is too short.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("xdp")
int wrong(struct xdp_md* context) {
  void* data = (void*)(long)context->data;
  void* end = (void*)(long)context->data_end;
  if (data + 14 <= end) return XDP_PASS;
  return ((__u8*)data)[0];
}
