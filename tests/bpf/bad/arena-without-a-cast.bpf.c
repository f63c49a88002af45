// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Refused at line 17: what user space sees is no address for a program.
#include "skep.bpf.h"

#define __arena __attribute__((address_space(1)))
char LICENSE[] SEC("license") = "GPL";

struct {
  __uint(type, 33);
  __uint(map_flags, 1 << 10);
  __uint(max_entries, 1);
} memory SEC(".maps");
__u32 __arena number = 1;

SEC("xdp") int wrong(struct xdp_md* packet) {
  __u32* address = (__u32*)(long)&number;
  return *address;
}
