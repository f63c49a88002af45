// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Memory that a program shares with user space by pointers: an arena. What is in address space 1 is
// reached through addr_space_cast, which the compiler writes.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "GPL";

#define __arena __attribute__((address_space(1)))

struct {
  __uint(type, 33);            // BPF_MAP_TYPE_ARENA
  __uint(map_flags, 1 << 10);  // BPF_F_MMAPABLE
  __uint(max_entries, 8);
} memory SEC(".maps");

struct node {
  struct node __arena* next;
  __u64 value;
};

struct node __arena nodes[4] = {{.value = 1}, {.value = 2}};
struct node __arena* __arena head;

// Puts the second node in front of the list, by a pointer that user space can follow.
SEC("xdp") int push(struct xdp_md* packet) {
  struct node __arena* added = &nodes[1];
  added->next = head;
  head = added;
  return XDP_PASS;
}

// Packets pass when the nodes of the list have the sum 2.
SEC("xdp") int sum(struct xdp_md* packet) {
  __u64 total = 0;
  struct node __arena* at = head;
  for (int rounds = 0; rounds < 4 && at; ++rounds) {
    total += at->value;
    at = at->next;
  }
  return total == 2 ? XDP_PASS : XDP_DROP;
}
