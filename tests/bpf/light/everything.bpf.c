// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What a light skeleton has to bring into the kernel, each in a way that a test can see.
// clang-format off
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
// clang-format on

extern int LINUX_KERNEL_VERSION __kconfig;
extern unsigned long CONFIG_HZ __kconfig;
extern unsigned short CONFIG_ABSENT __kconfig __weak;

extern const void bpf_prog_put __ksym;
extern const void symbol_that_is_not_there __ksym __weak;
extern const int variable_that_is_not_there __ksym __weak;
extern int function_that_is_not_there(int number) __ksym __weak;
extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym __weak;

struct inner {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u64);
};
struct inner first SEC(".maps"), second SEC(".maps");
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
  __uint(max_entries, 3);
  __type(key, __u32);
  __array(values, struct inner);
} outer SEC(".maps") = {.values = {&first, 0, &second}};

int tail(struct xdp_md* packet);
struct {
  __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
  __uint(max_entries, 2);
  __uint(key_size, 4);
  __array(values, int(void*));
} programs SEC(".maps") = {.values = {[1] = (void*)&tail}};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 16);
  __type(key, __u32);
  __type(value, __u64);
} table SEC(".maps");
struct {
  __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
  __uint(key_size, 4);
  __uint(value_size, 4);
} cpus SEC(".maps");
struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
} ring SEC(".maps");

const volatile __u32 limit = 7;
const volatile __u32 table_of_constants[4] SEC(".rodata.named") = {1, 2, 3, 4};
__u64 started = 40;
__u64 seen SEC(".data.named") = 1;
__u64 version, hz, absent, found, sum, pid, calls, tasks;
__u32 watched;
static volatile __u32 hidden_count;

struct task_struct {
  int pid;
  int tgid;
} __attribute__((preserve_access_index));

static __noinline __u32 twice(__u32 number) { return number * 2 + hidden_count++; }
__noinline int thrice(int number) { return number * 3; }
__attribute__((visibility("hidden"))) __noinline int hidden(int number) { return number + 1; }

SEC("xdp") int tail(struct xdp_md* packet) {
  __u32 key = 2;
  __u64* value;
  void* inner = bpf_map_lookup_elem(&outer, &key);
  if (!inner) return XDP_ABORTED;
  key = 0;
  value = bpf_map_lookup_elem(inner, &key);
  if (value) *value = 42;
  sum = started + seen + twice(limit) + thrice(table_of_constants[2]) + hidden(limit);
  return XDP_TX;
}

SEC("xdp") int main_program(struct xdp_md* packet) {
  version = LINUX_KERNEL_VERSION;
  hz = CONFIG_HZ;
  absent = CONFIG_ABSENT;
  found = ((__u64)&bpf_prog_put >> 63) | (&symbol_that_is_not_there != 0) << 1 |
          (&variable_that_is_not_there != 0) << 2;
  if (function_that_is_not_there) found |= 8 + function_that_is_not_there(1);
  bpf_tail_call(packet, &programs, 1);
  return XDP_ABORTED;
}

SEC("tp_btf/sys_enter") int BPF_PROG(entered, void* registers, long number) {
  struct task_struct* task = (void*)bpf_get_current_task_btf();
  if ((__u32)BPF_CORE_READ(task, tgid) != watched) return 0;
  bpf_rcu_read_lock();
  pid = task->tgid;
  if (bpf_rcu_read_unlock) bpf_rcu_read_unlock();
  __sync_fetch_and_add(&calls, 1);
  return 0;
}

SEC("raw_tp/sys_exit") int left(void* context) {
  __u32 key = bpf_get_current_pid_tgid() >> 32;
  __u64 one = 1;
  __u64* count = bpf_map_lookup_elem(&table, &key);
  if (key != watched) return 0;
  if (count) {
    ++*count;
  } else {
    bpf_map_update_elem(&table, &key, &one, BPF_ANY);
  }
  return 0;
}

SEC("cgroup_skb/egress") int filter(struct __sk_buff* packet) { return packet->len > limit; }

SEC("?xdp") int not_asked_for(struct xdp_md* packet) { return XDP_DROP; }

char licence[] SEC("license") = "GPL";
