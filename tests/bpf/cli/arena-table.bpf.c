// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// A hash table with chains, and lists, in an arena: made by pointers, in static and global
// functions, with atomic operations.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "GPL";

#define __arena __attribute__((address_space(1)))
#define __arg_arena __attribute__((btf_decl_tag("arg:arena")))
#define __noinline __attribute__((noinline))

struct {
  __uint(type, 33);            // BPF_MAP_TYPE_ARENA
  __uint(map_flags, 1 << 10);  // BPF_F_MMAPABLE
  __uint(max_entries, 64);
} memory SEC(".maps");

extern void __arena* bpf_arena_alloc_pages(void* map, void __arena* address, __u32 count, int node,
                                           __u64 flags) __ksym;
extern void bpf_arena_free_pages(void* map, void __arena* address, __u32 count) __ksym;

struct entry {
  struct entry __arena* next;
  __u64 key;
  __u64 seen;
  __s16 signed_key;
  __u8 bytes[6];
};

#define BUCKETS 16
#define ENTRIES 96
struct entry __arena* __arena buckets[BUCKETS];
struct entry __arena pool[ENTRIES];
__u32 __arena used;
__u64 __arena total;
__u32 __arena last_key = 7;

static __noinline struct entry __arena* find(struct entry __arena* at, __u64 key) {
  for (int rounds = 0; rounds < ENTRIES && at; ++rounds) {
    if (at->key == key) return at;
    at = at->next;
  }
  return 0;
}

static struct entry __arena* insert(__u64 key) {
  const __u32 number = __sync_fetch_and_add(&used, 1);
  if (number >= ENTRIES) return 0;
  struct entry __arena* added = &pool[number];
  added->key = key;
  added->signed_key = (__s16)(key * 977);
  added->bytes[key % 6] = key;
  added->next = buckets[key % BUCKETS];
  buckets[key % BUCKETS] = added;
  return added;
}

__noinline __u64 sum_of(struct entry __arena* at __arg_arena) {
  __u64 sum = 0;
  for (int rounds = 0; rounds < ENTRIES && at; ++rounds) {
    sum += at->seen + (__s64)at->signed_key + at->bytes[at->key % 6];
    at = at->next;
  }
  return sum;
}

// Packets by their length.
SEC("xdp") int table(struct xdp_md* packet) {
  const __u64 key = (packet->data_end - packet->data) % 120;
  struct entry __arena* entry = find(buckets[key % BUCKETS], key);
  if (!entry) entry = insert(key);
  if (!entry) return XDP_ABORTED;
  __sync_fetch_and_add(&entry->seen, key);
  __sync_fetch_and_add(&total, key);
  const __u32 before = __sync_lock_test_and_set(&last_key, key);
  const __u32 swapped = __sync_val_compare_and_swap(&last_key, key, key + 1);
  const __u64 sum = sum_of(buckets[key % BUCKETS]) + before + swapped + total;
  return sum % 5;
}

struct numbers {
  __u32 count;
  __u32 values[15];
  __u64 sum, reversed;
};

// A list that is made on a page of its own, reversed, added up and given back.
SEC("syscall") int list(struct numbers* numbers) {
  struct entry __arena* page = bpf_arena_alloc_pages(&memory, 0, 1, -1, 0);
  if (!page) return 1;
  struct entry __arena* head = 0;
  const __u32 count = numbers->count % 17;
  for (__u32 at = 0; at < 15; ++at) page[at].seen = at;
#pragma unroll
  for (__u32 at = 0; at < 15; ++at) page[at].key = numbers->values[at];
  for (__u32 at = 0; at < 15 && at < count; ++at) {
    page[at].signed_key = page[at].key >> 7;
    page[at].next = head;
    head = &page[at];
  }
  numbers->sum = sum_of(head);
  struct entry __arena* reversed = 0;
  for (int rounds = 0; rounds < 15 && head; ++rounds) {
    struct entry __arena* next = head->next;
    head->next = reversed;
    reversed = head;
    head = next;
  }
  numbers->reversed = reversed ? reversed->key : 0;
  const int is_one_sum = sum_of(reversed) == numbers->sum;
  bpf_arena_free_pages(&memory, page, 1);
  return is_one_sum ? 0 : 2;
}
