// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Refused at line 9: the cookie is the context.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";
extern void bpf_throw(__u64 cookie) __ksym;

SEC("xdp") int wrong(struct xdp_md* context) {
  bpf_throw((__u64)context);
  return XDP_PASS;
}
