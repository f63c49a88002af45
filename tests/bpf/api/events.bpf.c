// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What the C++ interface has of the kernel: programs that send, that are called, that are read.
//
// Nothing here does anything for a process but the one that `only` names.
// clang-format off
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <bpf/bpf_helpers.h>
// clang-format on

char LICENSE[] SEC("license") = "GPL";

#define GETPPID 110  // asm/unistd_64.h

volatile const __u32 only = 0;
__u64 hits = 0;
static volatile __u64 hidden SEC(".data.hidden") = 7;

struct event {
  __u64 number;
  __u32 process;
  __u32 from;  // 1: the system call, 2: the function
};

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
} events SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
  __uint(key_size, 4);
  __uint(value_size, 4);
} samples SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u32);
} by_cpu SEC(".maps");

static __always_inline int send(void *context, __u32 from) {
  __u32 process = bpf_get_current_pid_tgid() >> 32, zero = 0;
  if (process != only) return 0;
  struct event event = {__sync_fetch_and_add(&hits, 1), process, from};
  __u32 *mine = bpf_map_lookup_elem(&by_cpu, &zero);
  if (mine) *mine += 1;
  bpf_ringbuf_output(&events, &event, sizeof event, 0);
  bpf_perf_event_output(context, &samples, BPF_F_CURRENT_CPU, &event, sizeof event);
  return 0;
}

SEC("raw_tp/sys_enter") int system_call(struct bpf_raw_tracepoint_args *context) {
  return context->args[1] == GETPPID ? send(context, 1) : 0;
}

SEC("?uprobe") int function(void *context) { return send(context, 2); }

SEC("?raw_tp/no_such_tracepoint") int nowhere(void *context) { return 0; }

struct sum {
  __u64 left, right, result;
};
SEC("?syscall") int add(struct sum *sum) {
  sum->result = sum->left + sum->right + hidden;
  return 3;
}

SEC("?xdp") int pass(struct xdp_md *packet) { return XDP_PASS; }

struct bpf_iter_meta {
  struct seq_file *seq;
} __attribute__((preserve_access_index));
struct bpf_iter__bpf_map {
  struct bpf_iter_meta *meta;
  void *map;
} __attribute__((preserve_access_index));

SEC("?iter/bpf_map") int all_maps(struct bpf_iter__bpf_map *context) {
  if (context->map) bpf_seq_write(context->meta->seq, "map\n", 4);
  return 0;
}
