// What the programs of this folder share: maps, tags, and functions of the kernel that they call.
//
// Each program says by its name what Linux 6.18 thinks of it: good_NAME is accepted, bad_NAME is
// refused. tests/selftests compares our verdict and that of the running kernel with it. Structures
// of the kernel are named only as far as the programs look into them; where a field is, CO-RE
// finds.
#pragma once

// clang-format off
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
// clang-format on

#define NOINLINE __attribute__((noinline))
// The compiler does not know what the variable holds from here on.
#define HIDE(variable) asm volatile("" : "+r"(variable) : : "memory")
#define ARGUMENT(tag) __attribute__((btf_decl_tag("arg:" tag)))
#define POINTS(tag) __attribute__((btf_type_tag(tag)))
#define OF_KERNEL __attribute__((preserve_access_index))
#ifndef __ksym
#define __ksym __attribute__((section(".ksyms")))
#endif

char LICENSE[] SEC("license") = "GPL";

// Not in older headers (include/uapi/linux/bpf.h of 6.3 to 6.18).
struct bpf_rb_root {
  __u64 opaque[2];
};
struct bpf_rb_node {
  __u64 opaque[4];
};
struct bpf_list_head {
  __u64 opaque[2];
};
struct bpf_list_node {
  __u64 opaque[3];
};
struct bpf_refcount {
  __u32 opaque[1];
};
struct bpf_res_spin_lock {
  __u32 val;
};
struct bpf_task_work {
  __u64 opaque;
};

struct task_struct {
  int pid;
  struct task_struct* group_leader;
} OF_KERNEL;

extern void* bpf_obj_new_impl(__u64 type, void* meta) __ksym;
extern void bpf_obj_drop_impl(void* object, void* meta) __ksym;
extern void* bpf_percpu_obj_new_impl(__u64 type, void* meta) __ksym;
extern void bpf_percpu_obj_drop_impl(void* object, void* meta) __ksym;
extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;
extern struct task_struct* bpf_task_from_pid(int pid) __ksym;
extern struct task_struct* bpf_task_acquire(struct task_struct* task) __ksym;
extern void bpf_task_release(struct task_struct* task) __ksym;
extern int bpf_res_spin_lock(struct bpf_res_spin_lock* lock) __ksym;
extern void bpf_res_spin_unlock(struct bpf_res_spin_lock* lock) __ksym;
extern int bpf_res_spin_lock_irqsave(struct bpf_res_spin_lock* lock, unsigned long* flags) __ksym;
extern void bpf_res_spin_unlock_irqrestore(struct bpf_res_spin_lock* lock,
                                           unsigned long* flags) __ksym;
extern void bpf_local_irq_save(unsigned long* flags) __ksym;
extern void bpf_local_irq_restore(unsigned long* flags) __ksym;

// bpf_core_type_id_local()
#define TYPE_OF(type) __builtin_btf_type_id(*(type*)0, 0)
