// Sends what a function of a process is called with to a ring buffer.
// clang-format off
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
// clang-format on
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "GPL";

struct call {
  __u64 time_ns;
  __u32 thread;
  __s32 argument;
};

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 65536);
} calls SEC(".maps");
SKEP_RECORD(calls, struct call);

__u64 lost = 0;  // calls for which the ring had no room

SEC("uprobe")
int BPF_KPROBE(called, int argument) {
  struct call *call = bpf_ringbuf_reserve(&calls, sizeof(*call), 0);
  if (!call) {
    __sync_fetch_and_add(&lost, 1);
    return 0;
  }
  call->time_ns = bpf_ktime_get_ns();
  call->thread = (__u32)bpf_get_current_pid_tgid();
  call->argument = argument;
  bpf_ringbuf_submit(call, 0);
  return 0;
}
