// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Helpers that call functions of the program back: bpf_loop and bpf_for_each_map_elem.
//
// What a program finds is in `seen`; nothing depends on the order of a hash's elements.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "GPL";

enum { kHashed = 16, kElements = 10 };

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, kHashed);
  __type(key, __u32);
  __type(value, __u64);
} hashed SEC(".maps");
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, kElements);
  __type(key, __u32);
  __type(value, __u64);
} elements SEC(".maps");
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, kElements);
  __type(key, __u32);
  __type(value, __u64);
} of_cpu SEC(".maps");

struct bpf_map;
__u64 seen[16];

struct sum {
  __u64 total;
  __u32 calls, stop_at;
};

static long add_number(__u32 number, struct sum* sum) {
  sum->total += number;
  ++sum->calls;
  return sum->calls == sum->stop_at;
}

// Rounds that end, that are ended, that are none, and what is refused.
SEC("xdp")
int rounds(struct xdp_md* context) {
  __u32 length = context->data_end - context->data;
  struct sum sum = {.stop_at = 5};
  seen[0] = bpf_loop(length & 15, add_number, &sum, 0);
  seen[1] = sum.total;
  seen[2] = bpf_loop(length, add_number, &sum, 0);
  seen[3] = sum.total;
  seen[4] = bpf_loop(0, add_number, &sum, 0);
  seen[5] = bpf_loop(3, add_number, &sum, 1);
  seen[6] = bpf_loop((1 << 23) + 1, add_number, &sum, 0);
  // The helper takes 32 bits of the number of rounds; Linux's own loop, for calls without flags,
  // all.
  __u64 wide = 1ull << 32 | 3;
  asm volatile("" : "+r"(wide));
  seen[7] = ((long (*)(__u64, void*, void*, __u64))181)(wide, add_number, &sum, 0);
  seen[8] = sum.total;
  __u64 flags = length == 1;
  asm volatile("" : "+r"(flags));
  seen[9] = ((long (*)(__u64, void*, void*, __u64))181)(wide, add_number, &sum, flags);
  seen[10] = bpf_loop((1 << 23) + 1, add_number, &sum, flags);
  seen[11] = sum.total;
  return XDP_PASS;
}

static long fill(__u32 number, void* unused) {
  __u64 value = number * 3;
  bpf_map_update_elem(&hashed, &number, &value, BPF_ANY);
  return 0;
}

// Every second element goes away under the walk.
static long thin_out(struct bpf_map* map, __u32* key, __u64* value, struct sum* sum) {
  sum->total += *key * 1000 + *value;
  ++sum->calls;
  if ((*key & 1) == 0) bpf_map_delete_elem(map, key);
  return 0;
}

static long change(struct bpf_map* map, __u32* key, __u64* value, struct sum* sum) {
  __u64 changed = *value + *key;
  bpf_map_update_elem(map, key, &changed, BPF_EXIST);
  ++sum->calls;
  return 0;
}

static long count(struct bpf_map* map, __u32* key, __u64* value, struct sum* sum) {
  return ++sum->calls == sum->stop_at;
}

SEC("xdp")
int hash(struct xdp_md* context) {
  struct sum sum = {};
  bpf_loop(kHashed, fill, 0, 0);
  seen[0] = bpf_for_each_map_elem(&hashed, change, &sum, 0);
  seen[1] = bpf_for_each_map_elem(&hashed, thin_out, &sum, 0);
  seen[2] = sum.total;
  seen[3] = bpf_for_each_map_elem(&hashed, thin_out, &sum, 0);
  seen[4] = sum.total;
  sum.stop_at = sum.calls + 3;
  seen[5] = bpf_for_each_map_elem(&hashed, count, &sum, 0);
  seen[6] = bpf_for_each_map_elem(&hashed, count, &sum, 7);
  seen[7] = sum.calls;
  return XDP_PASS;
}

static long mark(struct bpf_map* map, __u32* key, __u64* value, struct sum* sum) {
  *value += *key + 1;
  sum->total = sum->total * 3 + *value;
  ++sum->calls;
  return sum->calls == sum->stop_at;
}

SEC("xdp")
int arrays(struct xdp_md* context) {
  struct sum sum = {};
  seen[0] = bpf_for_each_map_elem(&elements, mark, &sum, 0);
  seen[1] = bpf_for_each_map_elem(&of_cpu, mark, &sum, 0);
  seen[2] = sum.total;
  sum.stop_at = sum.calls + 4;
  seen[3] = bpf_for_each_map_elem(&elements, mark, &sum, 0);
  seen[4] = bpf_for_each_map_elem(&of_cpu, mark, &sum, 1);
  return XDP_PASS;
}

static long double_it(__u32 number, struct sum* sum) {
  sum->total = sum->total * 2 + number;
  return 0;
}

// One call, two functions.
SEC("xdp")
int either(struct xdp_md* context) {
  __u32 length = context->data_end - context->data;
  struct sum sum = {.total = 1};
  long (*chosen)(__u32, struct sum*) = add_number;
  if (length & 1) chosen = double_it;
  seen[0] = bpf_loop(4, chosen, &sum, 0);
  seen[1] = sum.total;
  return XDP_PASS;
}

#define NESTED(name, next)                  \
  static long name(__u32 n, __u64* total) { \
    *total += n;                            \
    bpf_loop(n + 1, next, total, 0);        \
    return *total > 400;                    \
  }
static long innermost(__u32 n, __u64* total) {
  *total += n + 1;
  return 0;
}
NESTED(sixth, innermost)
NESTED(fifth, sixth)
NESTED(fourth, fifth)
NESTED(third, fourth)
NESTED(second, third)
NESTED(first, second)

// Eight frames of the program: no more may be.
SEC("xdp")
int nested(struct xdp_md* context) {
  __u64 total = context->data_end - context->data;
  seen[0] = bpf_loop(3, first, &total, 0);
  seen[1] = total;
  return XDP_PASS;
}

struct bytes {
  struct xdp_md* context;
  __u32 sum;
};

static long add_byte(__u32 number, struct bytes* bytes) {
  __u8* data = (__u8*)(long)bytes->context->data;
  __u8* end = (__u8*)(long)bytes->context->data_end;
  if (number > 1500) return 1;
  if (data + number + 1 > end) return 1;
  bytes->sum += data[number];
  data[number] ^= 0x5a;
  return 0;
}

__attribute__((noinline)) int sum_up(struct xdp_md* context) {
  struct bytes bytes = {context};
  bpf_loop(2000, add_byte, &bytes, 0);
  return bytes.sum;
}

// The packet, byte by byte, in a function of its own.
SEC("xdp")
int packet(struct xdp_md* context) {
  seen[0] = sum_up(context);
  return XDP_PASS;
}
