// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Refused at line 8: its argument is the cookie.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";
extern void bpf_throw(__u64 cookie) __ksym;

__attribute__((noinline)) int caught(struct xdp_md* context) { return context->ingress_ifindex; }

__attribute__((btf_decl_tag("exception_callback:caught")))
SEC("xdp") int wrong(struct xdp_md* context) {
  bpf_throw(1);
  return XDP_PASS;
}
