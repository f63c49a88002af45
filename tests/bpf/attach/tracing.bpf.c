// One program for each kind of hook that traces, which counts its hits by one process.
//
// The test loads them one at a time, since no kernel has all of these hooks, and names what user
// programs are attached to.
// clang-format off
#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/usdt.bpf.h>
// clang-format on

char LICENSE[] SEC("license") = "GPL";

volatile const __u32 only = 0;
__u64 hits = 0;
__u64 cookie = 0;
__u64 value = 0;

static int hit(void) {
  if ((bpf_get_current_pid_tgid() >> 32) == only) __sync_fetch_and_add(&hits, 1);
  return 0;
}

#define PROGRAM(section, name) \
  SEC("?" section) int name(void *ctx) { return hit(); }

PROGRAM("kprobe/do_nanosleep", kprobe)
PROGRAM("kretprobe/do_nanosleep", kretprobe)
PROGRAM("kprobe.multi/do_nano*", kprobe_multi)
PROGRAM("kretprobe.multi/do_nano*", kretprobe_multi)
PROGRAM("kprobe.session/do_nano*", kprobe_session)
PROGRAM("ksyscall/getppid", ksyscall)
PROGRAM("kretsyscall/getppid", kretsyscall)
PROGRAM("uretprobe", uretprobe)
PROGRAM("uprobe.multi", uprobe_multi)
PROGRAM("uretprobe.multi", uretprobe_multi)
PROGRAM("uprobe.session", uprobe_session)
PROGRAM("uprobe.s", uprobe_sleepable)
PROGRAM("tracepoint/syscalls/sys_enter_getppid", tracepoint)
PROGRAM("raw_tp/sys_enter", raw_tracepoint)
PROGRAM("tp_btf/sys_enter", tracepoint_with_types)
PROGRAM("fentry/do_nanosleep", fentry)
PROGRAM("fexit/do_nanosleep", fexit)
PROGRAM("fmod_ret/security_task_getpgid", fmod_ret)
PROGRAM("lsm/task_getpgid", lsm)
PROGRAM("lsm.s/file_open", lsm_sleepable)
PROGRAM("perf_event", perf_event)
PROGRAM("iter/task", iterator)

SEC("?uprobe") int uprobe(void *ctx) {
  if ((bpf_get_current_pid_tgid() >> 32) == only) cookie = bpf_get_attach_cookie(ctx);
  return hit();
}

// LSM programs of a cgroup say yes with 1.
SEC("?lsm_cgroup/socket_create") int lsm_cgroup(void *ctx) {
  hit();
  return 1;
}

SEC("?usdt") int usdt(struct pt_regs *ctx) {
  long argument = 0;
  if (bpf_usdt_arg(ctx, 1, &argument) == 0) value = argument;
  return hit();
}

// What freplace replaces, and what it puts there.
__noinline int replaced(struct __sk_buff *packet) {
  int one = 1;  // not to be known to the caller
  __asm__ volatile("" : "+r"(one) : "r"(packet));
  return one;
}
SEC("?tc") int host(struct __sk_buff *packet) { return replaced(packet); }
SEC("?freplace/replaced") int replacement(struct __sk_buff *packet) { return 7; }
