// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A map that holds nothing.
// clang-format off
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
// clang-format on
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __type(key, __u32);
  __type(value, __u32);
} nothing SEC(".maps");
