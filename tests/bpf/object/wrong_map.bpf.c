// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A map whose definition is wrong; WRONG chooses how.
// clang-format off
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
// clang-format on
struct {
#ifndef WRONG_IS_KIND
  __uint(type, BPF_MAP_TYPE_HASH);
#endif
#ifndef WRONG_IS_NUMBER
  __uint(max_entries, 8);
#endif
  __type(key, __u32);
  __type(value, __u32);
  WRONG;
} table SEC(".maps");
