// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Refused at line 9: data_end may be read only.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("xdp")
int wrong(struct xdp_md* context) {
  context->data_end = 0;
  return XDP_PASS;
}
