// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Refused at line 13: a number from the packet is followed.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("xdp")
int wrong(struct xdp_md* context) {
  void* data = (void*)(long)context->data;
  void* end = (void*)(long)context->data_end;
  if (data + 8 > end) return XDP_DROP;
  __u64* there = *(__u64**)data;
  return *there;
}
