// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Refused at line 13: the packet moved, the pointer from before is stale.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("xdp")
int wrong(struct xdp_md* context) {
  void* data = (void*)(long)context->data;
  void* end = (void*)(long)context->data_end;
  if (data + 14 > end) return XDP_DROP;
  if (bpf_xdp_adjust_head(context, -4)) return XDP_DROP;
  return *(volatile __u8*)data;
}
