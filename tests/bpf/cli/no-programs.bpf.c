// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// An object that holds a map and nothing that runs.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u64);
} alone SEC(".maps");
