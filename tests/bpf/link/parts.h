// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What main.bpf.c and library.bpf.c know of each other.
#pragma once
// clang-format off
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
// clang-format on

struct count {
  __u64 packets;
  __u64 bytes;
};

struct count_map {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, struct count);
};

// Of the library.
extern struct count_map counts SEC(".maps");
extern int seen;
int counted(__u32 slot, __u64 bytes);
int factor(void);

// Of the main part.
extern const volatile __u32 step;
