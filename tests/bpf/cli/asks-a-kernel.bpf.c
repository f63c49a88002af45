// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// What can be shown though no engine here runs it: a probe, operations, maps of maps, externs; and
// a program that needs an option of the kernel's configuration.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "GPL";

extern unsigned CONFIG_HZ __kconfig;
extern int bpf_kernel_function(int) __ksym __weak;

struct inner {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u64);
} first SEC(".maps");
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
  __uint(max_entries, 4);
  __uint(key_size, 4);
  __array(values, struct inner);
} outer SEC(".maps") = {.values = {[3] = &first}};
struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 64);
  __uint(map_flags, BPF_F_NO_COMMON_LRU);
  __type(key, __u32);
  __type(value, __u64);
} recent SEC(".maps");

SEC("kprobe/do_unlinkat") int probe(void* context) {
  return bpf_kernel_function ? bpf_kernel_function(1) : 0;
}
SEC("xdp") int rate(struct xdp_md* packet) { return CONFIG_HZ > 100 ? XDP_PASS : XDP_DROP; }

struct operations {
  int (*start)(void*);
  int number;
};
SEC("struct_ops/start") int on_start(void* context) { return 0; }
SEC(".struct_ops.link") struct operations linked = {.start = (void*)on_start, .number = 7};
