// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Programs that are called with memory as their context: SEC("syscall").
// clang-format off
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
// clang-format on

struct request {
  __u32 key;
  __s16 change;  // signed, to be loaded as such
  __u8 part;
  __u8 pad;
  __u64 result;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 16);
  __type(key, __u32);
  __type(value, __s64);
} sums SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u64);
} calls SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
} requests SEC(".maps");

static __noinline __s64 changed(__s64 sum, const struct request *request) {
  return sum + request->change * (request->part + 1);
}

// A table of sums by key: adds to one and gives the new sum back. What cannot be kept is -1.
SEC("syscall") int add(struct request *request) {
  __u32 zero = 0, key = request->key % 20;
  __u64 *count = bpf_map_lookup_elem(&calls, &zero);
  if (count) *count += 1;
  __s64 *sum = bpf_map_lookup_elem(&sums, &key);
  __s64 now = changed(sum ? *sum : 0, request);
  request->result = now;
  struct request *record = bpf_ringbuf_reserve(&requests, sizeof *record, 0);
  if (record) {
    record->key = key;
    record->change = request->change;
    record->part = request->part;
    record->pad = 0;
    record->result = now;
    bpf_ringbuf_submit(record, 0);
  }
  if (bpf_map_update_elem(&sums, &key, &now, BPF_ANY)) return -1;
  return (int)key;
}

// The name is in the context: helpers do not take its memory, a copy they do.
SEC("syscall") int greets(char *name) {
  char copy[8] = {};
  for (int at = 0; at < 7; at++) copy[at] = name[at];
  if (bpf_strncmp(copy, sizeof copy, "skep") != 0) return 1;
  bpf_printk("hello, %s", copy);
  name[0] = 'S';
  return 0;
}

// Its name is longer than the 15 bytes that the kernel keeps of one.
SEC("syscall") int returns_what_it_is_given(const __u32 *context) { return *context; }

SEC("syscall") int reads_far(const __u8 *context) { return context[5000]; }

SEC("syscall") int closes(const __u32 *descriptor) { return bpf_sys_close(*descriptor); }

char licence[] SEC("license") = "Dual BSD/GPL";
