// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Exceptions: thrown in the program, in static and global functions, with and without a callback.
// clang-format off
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
// clang-format on

#define __exception_cb(name) __attribute__((btf_decl_tag("exception_callback:" #name)))
extern void bpf_throw(__u64 cookie) __ksym;
extern void bpf_throw___weak(__u64 cookie) __ksym __weak;

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 2);
  __type(key, __u32);
  __type(value, __u64);
} seen SEC(".maps");

static __attribute__((noinline)) void count(__u32 key) {
  __u64* value = bpf_map_lookup_elem(&seen, &key);
  if (value) *value += 1;
}

static __attribute__((noinline)) int inner(__u32 length) {
  volatile __u64 words[8] = {length, length + 1, length + 2};
  if (length % 3 == 0) bpf_throw(words[1] | 0x100000000);
  return words[2] + words[0];
}

static __attribute__((noinline)) int outer(__u32 length) {
  __u64 kept = bpf_get_smp_processor_id() & 0;
  int first = inner(length), second = inner(length / 2);
  count(0);
  return first + 5 * second + inner(length / 4) + kept;
}

__attribute__((noinline)) int global_throws(__u32 length) {
  if (length > 100) bpf_throw(length);
  return length + 1;
}

__attribute__((noinline)) int when_thrown(__u64 cookie) {
  __u32 key = 1;
  __u64* value = bpf_map_lookup_elem(&seen, &key);
  if (value) *value += cookie;
  return (cookie & 0xff) + 1000;
}

SEC("tc") int throws_at_once(struct __sk_buff* packet) {
  bpf_throw(packet->len);
  return 7;
}

SEC("tc") int throws_weakly(struct __sk_buff* packet) {
  if (packet->len > 20) bpf_throw___weak(packet->len + 5);
  return 7;
}

SEC("tc") int throws_below(struct __sk_buff* packet) {
  __u32 length = packet->len;
  return outer(length) + length;
}

__exception_cb(when_thrown) SEC("tc") int throws_to_callback(struct __sk_buff* packet) {
  __u32 length = packet->len;
  return outer(length) + length;
}

SEC("tc") int throws_in_global(struct __sk_buff* packet) {
  int result = global_throws(packet->len);
  count(0);
  return result;
}

__exception_cb(when_thrown) SEC("xdp") int never_throws(struct xdp_md* packet) { return XDP_PASS; }

char LICENSE[] SEC("license") = "GPL";
