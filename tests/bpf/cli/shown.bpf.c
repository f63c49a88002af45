// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Programs that return what their context says, so that one sees what it was.
// clang-format off
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>
// clang-format on

// The interface, and the first byte of the metadata above it.
SEC("xdp") int interface(struct xdp_md *context) {
  const __u8 *meta = (void *)(long)context->data_meta, *data = (void *)(long)context->data;
  int first = meta + 1 <= data ? *meta : 0;
  return first << 16 | context->rx_queue_index << 8 | context->ingress_ifindex;
}

// Each field that may be set is part of the result, and those that may be written change.
SEC("tc") int mark(struct __sk_buff *context) {
  __u64 sum = context->mark + 2 * context->priority + 4 * context->ingress_ifindex +
              8 * context->ifindex + 16 * context->cb[0] + 32 * context->cb[4] +
              64 * context->tstamp + 128 * context->wire_len + 256 * context->gso_segs +
              512 * context->hwtstamp;
  context->mark += 5;
  context->cb[1] = 6;
  context->tstamp += 7;
  context->priority = 8;
  return (int)(sum % 1000003);
}

// As far as socket filters may read them.
SEC("socket") int seen(struct __sk_buff *context) {
  context->cb[2] = context->mark;
  return (int)(context->mark + 3 * context->priority + 5 * context->cb[0] + 7 * context->ifindex +
               11 * context->gso_segs);
}

char licence[] SEC("license") = "Dual BSD/GPL";
