// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// The functions for pages of an arena, with what they are given in rows of a context: sensible and
// other addresses, counts, nodes and flags. What they give is written down as numbers of pages.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "GPL";

#define __arena __attribute__((address_space(1)))
#define PAGES 24

struct {
  __uint(type, 33);            // BPF_MAP_TYPE_ARENA
  __uint(map_flags, 1 << 10);  // BPF_F_MMAPABLE
  __uint(max_entries, PAGES);
} memory SEC(".maps");

extern void __arena* bpf_arena_alloc_pages(void* map, void __arena* address, __u32 count, int node,
                                           __u64 flags) __ksym;
extern void bpf_arena_free_pages(void* map, void __arena* address, __u32 count) __ksym;
extern int bpf_arena_reserve_pages(void* map, void __arena* address, __u32 count) __ksym;

__u64 __arena first_word = 1;  // takes page 0

struct row {
  __u32 asked;  // bytes: operation, page, count, other
  __u32 result;
};

#define ADDRESS_OF_PAGE(page) ((void __arena*)&first_word + (page)*4096L)

// 0, or one more than the page; bit 16 says that its first word is not zero.
static __u32 page_of(void __arena* address) {
  if (!address) return 0;
  const __u32 page = (__u32)((__u64)address - (__u64)&first_word) / 4096 + 1;
  __u64 __arena* word = address;
  const __u32 used = *word != 0 ? 1 << 16 : 0;
  *word = page;
  return page | used;
}

static __attribute__((noinline)) __u32 step(__u32 asked) {
  const __u32 page = (asked >> 8 & 0xff) % (PAGES + 3), count = (asked >> 16 & 0xff) % 6;
  const __u32 other = asked >> 24;
  switch (asked % 8) {
    case 0:
    case 1: return page_of(bpf_arena_alloc_pages(&memory, 0, count, -1, 0));
    case 2: return page_of(bpf_arena_alloc_pages(&memory, ADDRESS_OF_PAGE(page), count, 0, 0));
    case 3:  // nodes, flags, and addresses that are no page's
      return page_of(bpf_arena_alloc_pages(&memory, ADDRESS_OF_PAGE(page) + other % 3, count,
                                           other % 4 == 3 ? 77 : -1, other % 5 == 4));
    case 4:
    case 5: bpf_arena_free_pages(&memory, ADDRESS_OF_PAGE(page) + other % 3, count); return 0;
    case 6: bpf_arena_free_pages(&memory, ADDRESS_OF_PAGE(page), count * 3); return 0;
    default:
      if (other % 16 != 0) return page_of(bpf_arena_alloc_pages(&memory, 0, 1, -1, 0));
      return bpf_arena_reserve_pages(&memory, ADDRESS_OF_PAGE(page), count);
  }
}

SEC("syscall") int functions(struct row* rows) {
#pragma unroll
  for (int at = 0; at < 12; ++at) rows[at].result = step(rows[at].asked);
  return 0;
}
