// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// One program with a CO-RE relocation, directly and through a function, and one without.
// clang-format off
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
// clang-format on

struct task {
  int pid;
  int state;
} __attribute__((preserve_access_index));

static __attribute__((noinline)) int state(struct task* task) { return task->state; }

SEC("kprobe/schedule") int direct(struct task* task) { return task->state; }
SEC("kprobe/schedule") int through(struct task* task) { return state(task); }
SEC("xdp") int free_of_it(struct xdp_md* packet) { return XDP_PASS; }
char licence[] SEC("license") = "GPL";
