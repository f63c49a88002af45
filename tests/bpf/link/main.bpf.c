// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The part with the programs. It takes a map, a variable and functions from library.bpf.c, gives it
// a constant, has a function and a variable that are named as others there, and a function that the
// library replaces.
#include "parts.h"

extern unsigned CONFIG_HZ __kconfig __weak;
extern int bpf_missing_function(int number) __ksym __weak;

const volatile __u32 step = 5;
static int hidden = 7;

int sums(struct xdp_md* packet);

struct {
  __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
  __uint(max_entries, 2);
  __uint(key_size, 4);
  __array(values, int(struct xdp_md*));
} next SEC(".maps") = {.values = {[1] = (void*)&sums}};

static __noinline int scaled(int number) { return number * 3 + hidden; }

#ifndef TOGETHER
__weak __noinline int factor(void) { return 1; }
#endif

SEC("xdp")
int sums(struct xdp_md* packet) {
  hidden += 1;
  return scaled(packet->rx_queue_index) + counted(1, 60) + factor() * 1000 + seen;
}

SEC("xdp")
int reads(struct xdp_md* packet) {
  __u32 slot = 1;
  struct count* count = bpf_map_lookup_elem(&counts, &slot);
  if (bpf_missing_function) return bpf_missing_function(1);
  return count ? (int)count->bytes + (int)CONFIG_HZ : -1;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
