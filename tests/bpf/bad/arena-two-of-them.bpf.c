// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Refused at line 18: a program has one arena.
#include "skep.bpf.h"

#define __arena __attribute__((address_space(1)))
#define ARENA(name)             \
  struct {                      \
    __uint(type, 33);           \
    __uint(map_flags, 1 << 10); \
    __uint(max_entries, 1);     \
  } name SEC(".maps")
ARENA(first);
ARENA(second);
extern void __arena* bpf_arena_alloc_pages(void*, void __arena*, __u32, int, __u64) __ksym;
char LICENSE[] SEC("license") = "Dual BSD/GPL";
SEC("syscall") int wrong(void* context) {
  if (!bpf_arena_alloc_pages(&first, 0, 1, -1, 0)) return 1;
  if (!bpf_arena_alloc_pages(&second, 0, 1, -1, 0)) return 2;
  return 0;
}
