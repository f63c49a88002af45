// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Refused at line 11: a const global is read-only once the program is loaded.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile __u32 limit = 5;

SEC("xdp")
int wrong(struct xdp_md* context) {
  *(volatile __u32*)&limit = 6;
  return XDP_PASS;
}
