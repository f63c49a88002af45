// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Refused at line 10: the first argument has to be a map, and is the context.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("xdp")
int wrong(struct xdp_md* context) {
  __u32 key = 0;
  return bpf_map_lookup_elem(context, &key) != 0;
}
