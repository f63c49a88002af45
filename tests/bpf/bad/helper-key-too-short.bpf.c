// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Refused at line 16: the map takes 4 bytes of key, 2 are at the top of the stack.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, __u64[8]);
} table SEC(".maps");

SEC("xdp")
int wrong(struct xdp_md* context) {
  asm volatile(
      "r1 = %[table] ll\n"
      "r2 = 0\n"
      "*(u16*)(r10 - 2) = r2\n"
      "r2 = r10\n"
      "r2 += -2\n"
      "call 1\n"
      :
      : [table] "i"(&table)
      : "r0", "r1", "r2", "r3", "r4", "r5", "memory");
  return XDP_PASS;
}
