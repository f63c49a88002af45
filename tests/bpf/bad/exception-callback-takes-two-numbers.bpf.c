// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Refused at line 8: its argument is the cookie alone.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";
extern void bpf_throw(__u64 cookie) __ksym;

__attribute__((noinline)) int caught(__u64 cookie, __u64 more) { return cookie + more; }

__attribute__((btf_decl_tag("exception_callback:caught")))
SEC("xdp") int wrong(struct xdp_md* context) {
  bpf_throw(1);
  return XDP_PASS;
}
