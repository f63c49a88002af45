// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// What the micro-benchmarks run: loops whose instructions are counted by hand, and map operations.
//
// Loops are written in assembly so that every compiler makes the same of them. ROUNDS and the
// instructions of a round are repeated in micro.cpp.
// clang-format off
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
// clang-format on

#define ROUNDS 4096
#define OPERATIONS 1024
#define KEYS 4096
#define SCATTER 2654435761u

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u64[8]);
} words SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, KEYS);
  __type(key, __u32);
  __type(value, __u64);
} table SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, KEYS);
  __type(key, __u32);
  __type(value, __u64);
} slots SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 1024 * 1024);  // room for the records of ten runs
} ring SEC(".maps");

// 11 instructions a round.
SEC("xdp")
int arithmetic(struct xdp_md* context) {
  __u64 x = context->data_end - context->data + 88172645463325252ull;
  asm volatile(
      "r1 = 0\n"
      "l0_%=:\n"
      "r2 = %0\n"
      "r2 <<= 13\n"
      "%0 ^= r2\n"
      "r2 = %0\n"
      "r2 >>= 7\n"
      "%0 ^= r2\n"
      "r2 = %0\n"
      "r2 <<= 17\n"
      "%0 ^= r2\n"
      "r1 += 1\n"
      "if r1 < %1 goto l0_%=\n"
      : "+r"(x)
      : "i"(ROUNDS)
      : "r1", "r2");
  return x & 1;
}

// 10 instructions a round, three of four of them accesses.
SEC("xdp")
int memory(struct xdp_md* context) {
  __u32 zero = 0;
  __u64* at = bpf_map_lookup_elem(&words, &zero);
  if (!at) return 0;
  asm volatile(
      "r1 = 0\n"
      "l0_%=:\n"
      "r2 = *(u64 *)(%0 + 0)\n"
      "r3 = *(u64 *)(%0 + 8)\n"
      "r4 = *(u32 *)(%0 + 16)\n"
      "r2 += r3\n"
      "*(u64 *)(%0 + 24) = r2\n"
      "*(u32 *)(%0 + 32) = r4\n"
      "r5 = *(u8 *)(%0 + 40)\n"
      "*(u8 *)(%0 + 41) = r5\n"
      "r1 += 1\n"
      "if r1 < %1 goto l0_%=\n"
      :
      : "r"(at), "i"(ROUNDS)
      : "r1", "r2", "r3", "r4", "r5", "memory");
  return 1;
}

// 9 instructions a round on both ways; which one is taken looks like chance.
SEC("xdp")
int branches(struct xdp_md* context) {
  __u64 x = context->data_end - context->data + 1;
  asm volatile(
      "r1 = 0\n"
      "l0_%=:\n"
      "%0 *= 1103515245\n"
      "%0 += 12345\n"
      "if %0 & 0x10000 goto l1_%=\n"
      "%0 ^= 5\n"
      "%0 += 3\n"
      "goto l2_%=\n"
      "l1_%=:\n"
      "%0 += 7\n"
      "%0 ^= 9\n"
      "r0 = 0\n"
      "l2_%=:\n"
      "r2 = %0\n"
      "r1 += 1\n"
      "if r1 < %1 goto l0_%=\n"
      : "+r"(x)
      : "i"(ROUNDS)
      : "r0", "r1", "r2");
  return x & 1;
}

SEC("xdp")
int fill(struct xdp_md* context) {
  for (__u32 i = 0; i < KEYS; i++) {
    __u32 key = i;
    __u64 value = i;
    bpf_map_update_elem(&table, &key, &value, BPF_ANY);
  }
  return 0;
}

// KEYS is a power of two: every key is there, in an order that no prefetcher guesses.
SEC("xdp")
int hash_lookup(struct xdp_md* context) {
  __u64 sum = 0;
  for (__u32 i = 0; i < OPERATIONS; i++) {
    __u32 key = i * SCATTER >> 20;
    __u64* value = bpf_map_lookup_elem(&table, &key);
    if (value) sum += *value;
  }
  return sum & 1;
}

SEC("xdp")
int hash_update(struct xdp_md* context) {
  for (__u32 i = 0; i < OPERATIONS; i++) {
    __u32 key = i * SCATTER >> 20;
    __u64 value = i;
    bpf_map_update_elem(&table, &key, &value, BPF_EXIST);
  }
  return 0;
}

SEC("xdp")
int percpu_lookup(struct xdp_md* context) {
  __u64 sum = 0;
  for (__u32 i = 0; i < OPERATIONS; i++) {
    __u32 key = i * SCATTER >> 20;
    __u64* value = bpf_map_lookup_elem(&slots, &key);
    if (value) sum += (*value)++;
  }
  return sum & 1;
}

// Records of 64 bytes; nobody is woken up.
SEC("xdp")
int ring_record(struct xdp_md* context) {
  for (__u32 i = 0; i < OPERATIONS; i++) {
    __u64* record = bpf_ringbuf_reserve(&ring, 64, 0);
    if (!record) return 1;
    record[0] = i;
    bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
  }
  return 0;
}

char licence[] SEC("license") = "Dual BSD/GPL";
