// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Refused at line 28: what the function hands to bpf_loop moved the packet, the pointer is stale.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct moved {
  struct xdp_md* context;
};

static long move(__u32 round, struct moved* moved) {
  return bpf_xdp_adjust_head(moved->context, -4) != 0;
}

__attribute__((noinline)) int grow(struct xdp_md* context) {
  struct moved moved = {context};
  bpf_loop(2, move, &moved, 0);
  return 0;
}

SEC("xdp")
int wrong(struct xdp_md* context) {
  void* data = (void*)(long)context->data;
  void* end = (void*)(long)context->data_end;
  if (data + 14 > end) return XDP_DROP;
  if (grow(context)) return XDP_DROP;

  return *(volatile __u8*)data;
}
