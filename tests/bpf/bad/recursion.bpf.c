// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Refused at line 9: a function calls itself.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

static __noinline int down(int n) {
  if (n == 0) return 0;
  return down(n - 1) * 2 + n;
}

SEC("xdp")
int wrong(struct xdp_md* context) { return down(context->ingress_ifindex); }
