// What programs may do where they are attached: hooks of security modules (LSM), functions of the
// kernel that they follow, and tracepoints.
//
// Kernels without trampolines load none but those of tracepoints; there our verdict alone is
// compared with the name.
#include "probe.h"

struct path {
  void* dentry;
} OF_KERNEL;
struct nameidata {
  const char* pathname;
} OF_KERNEL;
struct task_struct___named {
  struct nameidata* nameidata;
  char comm[16];
} OF_KERNEL;
struct file___path {
  struct path f_path;
} OF_KERNEL;
struct sk_buff {
  struct sock* sk;
} OF_KERNEL;

struct {
  __uint(type, BPF_MAP_TYPE_SK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, __u64);
} of_sockets SEC(".maps");

// ---- what hooks answer

SEC("lsm/file_open") int good_error(void* arguments) { return -1; }
SEC("lsm/file_open") int bad_positive(void* arguments) { return 1; }
SEC("lsm/file_open") int bad_less_than_any_error(void* arguments) { return -4096; }
SEC("lsm/inode_xattr_skipcap") int good_yes(void* arguments) { return 1; }
SEC("lsm/inode_xattr_skipcap") int bad_neither_yes_nor_no(void* arguments) { return -1; }
SEC("lsm/file_free_security") int good_anything(void* arguments) { return 12345; }
SEC("lsm_cgroup/file_open") int good_cgroup_yes(void* arguments) { return 1; }
SEC("lsm_cgroup/file_open") int bad_cgroup_error(void* arguments) { return -1; }
SEC("lsm_cgroup/file_free_security") int good_cgroup_of_nothing(void* arguments) { return 1; }
SEC("lsm_cgroup/file_free_security") int bad_cgroup_of_nothing(void* arguments) { return 0; }

// What modules before answered is behind the arguments, and within the same range.
SEC("lsm/file_open") int good_answer_before(__u64* arguments) { return (int)arguments[1]; }
char of_errors[4096];

// Read as 32 bits it has no sign, and is no small number where it was negative.
SEC("lsm/file_open") int good_half_of_answer(__u64* arguments) {
  return *(volatile __s32*)&arguments[1];
}
SEC("lsm/file_open") int bad_half_of_answer_is_small(__u64* arguments) {
  __u64 half = *(volatile __u32*)&arguments[1];
  HIDE(half);
  half = -half;  // 0 to 4095, if it had its sign
  return *(volatile char*)(of_errors + half) & 0;
}
SEC("lsm/file_open") int bad_answer_before(__u64* arguments) { return (int)arguments[1] + 1; }
SEC("lsm/file_open") int bad_argument_behind(__u64* arguments) {
  __u64 behind = arguments[2];
  HIDE(behind);
  return 0;
}

// ---- where programs can be

SEC("lsm/ismaclabel") int bad_disabled(void* arguments) { return 0; }
SEC("lsm.s/file_open") int good_hook_sleeps(void* arguments) { return 0; }
SEC("lsm.s/task_kill") int bad_hook_does_not_sleep(void* arguments) { return 0; }
SEC("fentry/do_exit") int good_entry(void* arguments) { return 0; }
SEC("fexit/do_exit") int bad_never_returns(void* arguments) { return 0; }
SEC("fentry/migrate_disable") int bad_programs_are_entered_through_it(void* arguments) { return 0; }

// ---- what is alive there

SEC("lsm/file_open") int good_hook_gives_memory(__u64* arguments) {
  return bpf_strncmp((const char*)arguments[0], 4, "abc") & 0;
}
SEC("lsm/file_free_security") int bad_hook_gives_what_goes(__u64* arguments) {
  return bpf_strncmp((const char*)arguments[0], 4, "abc") & 0;
}
SEC("fentry/do_exit") int bad_what_was_read_is_no_memory(__u64* arguments) {
  struct task_struct* task = (void*)bpf_get_current_task_btf();
  return bpf_strncmp((const char*)task->group_leader, 4, "abc") & 0;
}
SEC("tp_btf/kfree_skb") int good_socket_or_null(__u64* arguments) {
  const struct sk_buff* skb = (void*)arguments[0];
  return bpf_sk_storage_get(&of_sockets, skb->sk, 0, 0) != 0;
}

// ---- paths

SEC("fentry/filp_close") int good_path(__u64* arguments) {
  char name[16];
  const struct file___path* file = (void*)arguments[0];
  bpf_d_path((struct path*)&file->f_path, name, sizeof(name));
  return 0;
}
SEC("fentry/do_truncate") int bad_path(__u64* arguments) {
  char name[16];
  const struct file___path* file = (void*)arguments[3];
  bpf_d_path((struct path*)&file->f_path, name, sizeof(name));
  return 0;
}

// ---- pointers to what is no structure

SEC("tp_btf/sys_enter") int good_text_is_read(__u64* arguments) {
  struct task_struct___named* task = (void*)bpf_get_current_task_btf();
  const char* name = task->nameidata->pathname;
  HIDE(name);
  return name[1000000] & 0;
}
SEC("tp_btf/sys_enter") int bad_text_is_written(__u64* arguments) {
  struct task_struct___named* task = (void*)bpf_get_current_task_btf();
  char* name = (char*)task->nameidata->pathname;
  HIDE(name);
  name[0] = 0;
  return 0;
}
SEC("tp_btf/sys_enter") int bad_text_is_handed_on(__u64* arguments) {
  struct task_struct___named* task = (void*)bpf_get_current_task_btf();
  return bpf_strncmp(task->nameidata->pathname, 4, "abc") & 0;
}
