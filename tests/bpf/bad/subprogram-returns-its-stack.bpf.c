// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Refused at line 10: the subprogram's stack is gone when it returns.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

static __noinline __u64* local(void) {
  __u64* address;
  asm volatile("%0 = 1\n*(u64*)(r10 - 8) = %0\n%0 = r10\n%0 += -8" : "=r"(address)::"memory");
  return address;
}

SEC("xdp")
int wrong(struct xdp_md* context) { return *(volatile __u64*)local(); }
