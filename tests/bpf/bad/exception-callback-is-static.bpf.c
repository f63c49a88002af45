// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Refused at line 8: the kernel verifies the callback by itself, so it is to be global.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";
extern void bpf_throw(__u64 cookie) __ksym;

static __attribute__((noinline, used)) int caught(__u64 cookie) { return cookie; }

__attribute__((btf_decl_tag("exception_callback:caught")))
SEC("xdp") int wrong(struct xdp_md* context) {
  bpf_throw(context->ingress_ifindex);
  return XDP_PASS;
}
