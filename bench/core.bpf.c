// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Forty programs with 36 CO-RE relocations each, of fields, types and enumerators that every kernel
// has.
// clang-format off
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
// clang-format on

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define OF_THE_KERNEL __attribute__((preserve_access_index))

struct list_head {
  struct list_head *next, *prev;
} OF_THE_KERNEL;
struct mm_struct {
  unsigned long start_code, end_code, start_stack, arg_start;
} OF_THE_KERNEL;
struct qstr {
  const unsigned char* name;
} OF_THE_KERNEL;
struct dentry {
  struct qstr d_name;
  struct dentry* d_parent;
} OF_THE_KERNEL;
struct path {
  struct dentry* dentry;
} OF_THE_KERNEL;
struct fs_struct {
  struct path pwd;
} OF_THE_KERNEL;
struct inode {
  unsigned short i_mode;
  unsigned long i_ino;
  long long i_size;
} OF_THE_KERNEL;
struct file {
  struct path f_path;
  struct inode* f_inode;
} OF_THE_KERNEL;
struct sock_common {
  unsigned int skc_daddr;
  unsigned short skc_dport, skc_family;
} OF_THE_KERNEL;
struct sock {
  struct sock_common __sk_common;
  int sk_rcvbuf;
} OF_THE_KERNEL;
struct task_struct {
  int pid, tgid, prio, static_prio, exit_code;
  char comm[16];
  unsigned long long start_time, utime;
  struct task_struct *real_parent, *group_leader;
  struct mm_struct* mm;
  struct fs_struct* fs;
  struct list_head tasks;
} OF_THE_KERNEL;

enum pid_type { PIDTYPE_PID, PIDTYPE_TGID };

static __u64 sum;

#define TASK(task)                                                                                \
  (BPF_CORE_READ(task, pid) + BPF_CORE_READ(task, tgid) + BPF_CORE_READ(task, prio) +             \
   BPF_CORE_READ(task, static_prio) + BPF_CORE_READ(task, exit_code) +                            \
   BPF_CORE_READ(task, start_time) + BPF_CORE_READ(task, utime) +                                 \
   (__u64)BPF_CORE_READ(task, tasks.next) + BPF_CORE_READ(task, real_parent, pid) +               \
   BPF_CORE_READ(task, group_leader, tgid) + BPF_CORE_READ(task, mm, start_code) +                \
   BPF_CORE_READ(task, mm, end_code) + BPF_CORE_READ(task, mm, start_stack) +                     \
   BPF_CORE_READ(task, mm, arg_start) + (__u64)BPF_CORE_READ(task, fs, pwd.dentry, d_name.name) + \
   (__u64)BPF_CORE_READ(task, real_parent, comm[3]) + bpf_core_field_exists(task->comm) +         \
   bpf_core_field_size(task->comm))
#define FILE_OF(file)                                                                           \
  (BPF_CORE_READ(file, f_inode, i_ino) + BPF_CORE_READ(file, f_inode, i_size) +                 \
   BPF_CORE_READ(file, f_inode, i_mode) + (__u64)BPF_CORE_READ(file, f_path.dentry, d_parent) + \
   bpf_core_type_exists(struct file) + bpf_core_type_size(struct inode))
#define SOCK(sk)                                                                         \
  (BPF_CORE_READ(sk, __sk_common.skc_daddr) + BPF_CORE_READ(sk, __sk_common.skc_dport) + \
   BPF_CORE_READ(sk, __sk_common.skc_family) + BPF_CORE_READ(sk, sk_rcvbuf) +            \
   bpf_core_enum_value(enum pid_type, PIDTYPE_TGID) +                                    \
   bpf_core_enum_value_exists(enum pid_type, PIDTYPE_PID))

#define PROGRAM(n)                                                               \
  SEC("raw_tp/sched_switch") int program##n(struct bpf_raw_tracepoint_args* c) { \
    struct task_struct* task = (void*)c->args[1];                                \
    struct file* file = (void*)c->args[2];                                       \
    struct sock* sk = (void*)c->args[0];                                         \
    sum += TASK(task) + FILE_OF(file) + SOCK(sk);                                \
    return 0;                                                                    \
  }
#define PROGRAMS(n) \
  PROGRAM(n##0)     \
  PROGRAM(n##1)     \
  PROGRAM(n##2)     \
  PROGRAM(n##3) PROGRAM(n##4) PROGRAM(n##5) PROGRAM(n##6) PROGRAM(n##7) PROGRAM(n##8) PROGRAM(n##9)
PROGRAMS(0) PROGRAMS(1) PROGRAMS(2) PROGRAMS(3)
