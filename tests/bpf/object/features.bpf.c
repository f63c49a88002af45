// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// One of everything that an object may hold. Accepted by the kernel, so that what libbpf makes of
// it can be compared.
// clang-format off
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
// clang-format on

struct key {
  __u32 address;
  __u8 bytes[4];
};

struct event {
  __u64 time_ns;
  __u32 length;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 128);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, struct key);
  __type(value, __u64);
} flows SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 4);
  __uint(key_size, 4);
  __uint(value_size, 8);
} numbers SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u32[16]);
} scratch SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 5000);  // rounded up to 8192
} events SEC(".maps");
const struct event* const skep_record__events __attribute__((unused));

int counter;
static int hidden = 3;
const volatile __u32 limit = 9;
__u64 initialised = 77;
__u32 named SEC(".data.named") = 5;
static const char greeting[] = "hello";

extern int nobody_defines_this __ksym __weak;

static __attribute__((noinline)) int twice(int number) { return number * 2 + hidden; }

__attribute__((noinline)) int shared(struct xdp_md* packet) {
  return twice(packet->rx_queue_index) + (int)initialised + (int)limit;
}

static long add(__u32 index, void* context) {
  *(__u32*)context += index + named;
  return 0;
}

SEC("xdp")
int count(struct xdp_md* packet) {
  struct key key = {.address = packet->rx_queue_index};
  __u64* value = bpf_map_lookup_elem(&flows, &key);
  static int calls;
  if (value) *value += 1;
  counter++;
  calls++;
  return shared(packet) + twice(calls);
}

SEC("xdp")
int tail(struct xdp_md* packet) {
  __u32 zero = 0;
  __u64* value = bpf_map_lookup_elem(&numbers, &zero);
  hidden++;
  if (&nobody_defines_this) return XDP_ABORTED;
  return value ? (int)*value : hidden;
}

SEC("socket")
int loop(struct __sk_buff* packet) {
  __u32 sum = 0;
  struct event* event = bpf_ringbuf_reserve(&events, sizeof *event, 0);
  bpf_loop(3, add, &sum, 0);
  if (!event) return 0;
  event->time_ns = bpf_ktime_get_ns();
  event->length = packet->len + sum;
  bpf_ringbuf_submit(event, 0);
  bpf_trace_printk(greeting, sizeof greeting);
  return twice(sum);
}

SEC("?tc")
int optional(struct __sk_buff* packet) {
  __u32 zero = 0;
  __u32* value = bpf_map_lookup_elem(&scratch, &zero);
  return value ? (int)value[3] : 0;
}

struct {
  __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
  __uint(max_entries, 4);
  __uint(key_size, sizeof(__u32));
  __array(values, int(struct xdp_md*));
} jumps SEC(".maps") = {.values = {[2] = (void*)&tail, [0] = (void*)&count}};

SEC("xdp")
int jump(struct xdp_md* packet) {
  bpf_tail_call(packet, &jumps, 2);
  return XDP_PASS;
}

char licence[] SEC("license") = "GPL";
