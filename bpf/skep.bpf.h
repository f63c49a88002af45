// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// What a BPF program says about its maps, so that a reader can print them without being told.
//
// skep prints maps and ring buffers by their BTF. Most of it says enough by itself; this header
// adds the two things BTF cannot: which struct the records of a ring buffer are, and which arrays
// are histograms. Neither costs an instruction. Programs that do not use this header run as well,
// their records are then printed as bytes and their histograms as numbers.
//
// How a field is printed, by its type:
//
//   struct in6_addr          an address; ::ffff:a.b.c.d is printed, and read, as IPv4
//   struct in_addr           an IPv4 address
//   struct prefix            10.0.0.0/8, 2001:db8::/32; of IPv4, the length is stored 96 longer
//   __be16, __be32           a number in network order (a port, a sequence number)
//   an enum                  the enumerator's name, the number where there is none; in the line of
//                            an event, one named `unknown` is left out, as is an empty string
//   char name[N]             a string, up to its first zero byte
//   __u8 mac[6]              a MAC address; the field's name has to end in "mac"
//   __u8 protocol            tcp, udp, icmp, ipv6-icmp, else the number
//   __u64 ..._ns             a time or a duration in nanoseconds, by the end of the field's name
//   __u8 pad[N]              not printed; kept zero, since the bytes of a key are compared
//
// The same forms are read by `--set MAP KEY=VALUE`.
#pragma once

// The order matters: libbpf's headers use types of the kernel's and do not include them.
// clang-format off
#include <linux/bpf.h>
#include <linux/in6.h>
#include <linux/types.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
// clang-format on

// Says that the records of ring buffer map `ring` are of `type`: SKEP_RECORD(events, struct event);
// It leaves a null pointer named skep_record__RING in .rodata, of which only the BTF type matters.
#define SKEP_RECORD(ring, type) const type* const skep_record__##ring __attribute__((unused))

// The value type of an array, or per-CPU array, that is a histogram: slot N counts the values in
// [2^N, 2^(N+1)), slot 0 also zero, and the last slot everything beyond.
typedef __u64 skep_log2;
#define SKEP_LOG2_SLOTS 32

// An address prefix. `length` counts bits of the 128-bit address: 10.0.0.0/8 is ::ffff:10.0.0.0
// with length 104.
struct prefix {
  struct in6_addr address;
  __u32 length;
};

// The position of the highest bit set, 0 for 0. Five steps and no loop.
static __always_inline __u32 skep_log2_of(__u64 value) {
  __u32 log = 0;
  if (value >> 32) return SKEP_LOG2_SLOTS - 1;
  if (value >> 16) value >>= 16, log += 16;
  if (value >> 8) value >>= 8, log += 8;
  if (value >> 4) value >>= 4, log += 4;
  if (value >> 2) value >>= 2, log += 2;
  return log + (value >> 1 != 0);
}

// Counts `value` in a histogram of SKEP_LOG2_SLOTS slots. Atomic, so that a plain array will do.
static __always_inline void skep_log2_count(void* histogram, __u64 value) {
  __u32 slot = skep_log2_of(value);
  skep_log2* count = bpf_map_lookup_elem(histogram, &slot);
  if (count) __sync_fetch_and_add(count, 1);
}
