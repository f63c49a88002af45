// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// One value of every shape that skep can show or set: what is printed for each is a case of
// tests/cases/cli, so that a convention of bpf/skep.bpf.h cannot change unseen.
#include <linux/in.h>

#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

enum colour { red, green, blue = 7 };
enum temperature { freezing = -10, boiling = 100 };
enum big { small_one, big_one = 0x123456789abcdefULL };

struct inner {
  __u8 protocol;
  __be16 port;
  __u8 pad;
};

struct shapes {
  __u64 source_time_ns;
  struct in6_addr source;
  struct in6_addr mapped;
  struct in_addr plain;
  __be16 source_port;
  __be32 network;
  __u8 source_mac[6];
  __u8 bytes[3];
  char text[16];
  _Bool flag;
  enum colour colour;
  enum colour no_colour;
  enum temperature temperature;
  __s32 negative;
  __u64 large;
  double real;
  float half;
  struct inner inner;
  __u16 list[3];
  struct inner inners[2];
  __u32 low : 3;
  __u32 high : 5;
  __s32 below : 4;
  enum colour tint : 4;
  union {
    __u32 word;
    __u8 octets[4];
  };
  struct prefix prefix;
  struct prefix network6;
  void* pointer;
  char letter;
  __u8 pad[3];
};

struct shapes shapes = {
    .source_time_ns = 1714567890123456789ULL,
    .source = {{{0x20, 0x01, 0x0d, 0xb8, [15] = 1}}},
    .mapped = {{{[10] = 0xff, [11] = 0xff, [12] = 192, [13] = 0, [14] = 2, [15] = 1}}},
    .plain = {.s_addr = bpf_htonl(0x0a000001)},
    .source_port = bpf_htons(443),
    .network = bpf_htonl(0x01020304),
    .source_mac = {2, 0, 0, 0, 0, 0x1f},
    .bytes = {1, 2, 0xff},
    .text = "a\"b\n\x1b\xff",
    .flag = 1,
    .colour = blue,
    .no_colour = 5,
    .temperature = freezing,
    .negative = -5,
    .large = 18446744073709551615ULL,
    .real = 2.5,
    .half = 0.25f,
    .inner = {.protocol = 6, .port = bpf_htons(80)},
    .list = {1, 2, 3},
    .inners = {{.protocol = 58}, {.protocol = 253, .port = bpf_htons(1)}},
    .low = 5,
    .high = 17,
    .below = -3,
    .tint = green,
    .word = 0x04030201,
    .prefix = {{{{[10] = 0xff, [11] = 0xff, [12] = 10}}}, 104},
    .network6 = {{{{0x20, 0x01, 0x0d, 0xb8}}}, 32},
    .letter = 'x',
};
__u64 elapsed_ns = 1500000;
enum big big = big_one;
const volatile __s8 small = -1;
const volatile __u8 hops = 1;

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 8);
  __type(key, struct inner);
  __type(value, struct shapes);
} table SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 2);
  __type(key, struct prefix);
  __type(value, enum colour);
} prefixes SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, __u64);
} per_cpu SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 4);
  __uint(key_size, 4);
  __uint(value_size, 12);
} untyped SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, SKEP_LOG2_SLOTS);
  __type(key, __u32);
  __type(value, skep_log2);
} histogram SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
} events SEC(".maps");
SKEP_RECORD(events, struct inner);

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
} unnamed SEC(".maps");

SEC("xdp")
int shape(struct xdp_md* context) {
  struct inner key = {.protocol = 17, .port = bpf_htons(53)};
  void* value = bpf_map_lookup_elem(&table, &key);
  if (value) return XDP_TX;
  struct inner* record = bpf_ringbuf_reserve(&events, sizeof *record, 0);
  if (record) {
    *record = key;
    bpf_ringbuf_submit(record, 0);
  }
  bpf_ringbuf_output(&unnamed, &key, sizeof key, 0);
  skep_log2_count(&histogram, context->data_end - context->data);
  bpf_printk("%d bytes", (int)(context->data_end - context->data));
  __u32 index = 1;
  __u64* count = bpf_map_lookup_elem(&per_cpu, &index);
  if (count) ++*count;
  struct prefix network = {};
  void* some = bpf_map_lookup_elem(&prefixes, &network);
  void* other = bpf_map_lookup_elem(&untyped, &index);
  if (some) shapes.flag = 0;
  if (other) shapes.letter = 0;
  return hops == 1 ? XDP_PASS : XDP_DROP;
}

// Events without end in one run: more than the ring holds.
SEC("xdp")
int flood(struct xdp_md* context) {
  for (int i = 0; i < 400; i++) {
    struct inner record = {.protocol = 1};
    bpf_ringbuf_output(&events, &record, sizeof record, 0);
  }
  return XDP_PASS;
}
