// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Refused at line 13: bpf_throw alone calls it.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";
extern void bpf_throw(__u64 cookie) __ksym;

__attribute__((noinline)) int caught(__u64 cookie) { return cookie + 1; }

__attribute__((btf_decl_tag("exception_callback:caught")))
SEC("xdp") int wrong(struct xdp_md* context) {
  if (context->ingress_ifindex == 7) bpf_throw(1);
  return caught(context->ingress_ifindex);
}
