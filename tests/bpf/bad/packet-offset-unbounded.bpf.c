// the start is checked. SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Refused at line 14: a length from the packet moves the pointer by up to 65535 bytes, and only
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("xdp")
int wrong(struct xdp_md* context) {
  void* data = (void*)(long)context->data;
  void* end = (void*)(long)context->data_end;
  if (data + 14 > end) return XDP_DROP;
  __u16 skip = *(__u16*)(data + 12);
  __u8* there = data + skip;
  return *there;
}
