// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Calls functions of the kernel: one that came with Linux 6.2, and one that no release is known of.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "GPL";

struct task_struct;
extern struct task_struct* bpf_task_from_pid(int pid) __ksym;
extern void bpf_task_release(struct task_struct* task) __ksym;
extern void bpf_of_a_module(void) __ksym;

SEC("syscall") int looks_for_a_task(void* context) {
  struct task_struct* task = bpf_task_from_pid(1);
  if (task) bpf_task_release(task);
  bpf_of_a_module();
  return 0;
}
