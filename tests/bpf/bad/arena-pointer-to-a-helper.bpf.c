// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Refused at line 18: a helper is handed memory of the arena.
#include "skep.bpf.h"

#define __arena __attribute__((address_space(1)))
char LICENSE[] SEC("license") = "GPL";

struct {
  __uint(type, 33);
  __uint(map_flags, 1 << 10);
  __uint(max_entries, 1);
} memory SEC(".maps");
char __arena text[16] = "text";

SEC("xdp") int wrong(struct xdp_md* packet) {
  char* kernel = 0;
  asm volatile("%0 = addr_space_cast(%1, 0, 1)" : "=r"(kernel) : "r"(text));
  bpf_trace_printk(kernel, sizeof(text));
  return XDP_PASS;
}
