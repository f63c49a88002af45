// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// CO-RE relocations that ask about the object's own types only.
// clang-format off
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
// clang-format on

struct local {
  int x;
};

SEC("xdp") int ids(struct xdp_md* packet) { return bpf_core_type_id_local(struct local); }
char licence[] SEC("license") = "GPL";
