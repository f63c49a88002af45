// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Refused at line 10: bpf_skb_load_bytes takes a __sk_buff, which an XDP program has not.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("xdp")
int wrong(struct xdp_md* context) {
  __u8 byte = 0;
  bpf_skb_load_bytes(context, 0, &byte, 1);
  return byte;
}
