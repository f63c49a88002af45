// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The part without programs that anybody runs; see main.bpf.c. Its one program asks for the types
// of a machine.
#include "parts.h"

extern unsigned CONFIG_HZ __kconfig;

struct task {
  int pid;
} __attribute__((preserve_access_index));

struct count_map others SEC(".maps") = {};  // stands before counts: it is defined here
struct count_map counts SEC(".maps");
int seen = 40;
static int hidden = 9;
static char text[] = "library";

static __noinline int scaled(int number) { return number * 5 + hidden; }

__noinline int factor(void) { return scaled(CONFIG_HZ != 0); }

__noinline int counted(__u32 slot, __u64 bytes) {
  struct count* count = bpf_map_lookup_elem(&counts, &slot);
  seen++;
  if (!count) return text[slot & 3];
  count->packets += step;
  count->bytes += bytes;
  hidden += bpf_core_type_id_local(struct count) != 0;
  return hidden;
}

SEC("?raw_tp")
int asks(struct task* task) { return task->pid; }

#ifndef TOGETHER
char LICENSE[] SEC("license") = "Dual BSD/GPL";
#endif
