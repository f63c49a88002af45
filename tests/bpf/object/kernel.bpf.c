// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What an object asks of a kernel: configuration of every type, symbols, operations, maps of maps,
// an exception callback, hooks with targets.
// clang-format off
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
// clang-format on

extern int LINUX_KERNEL_VERSION __kconfig;
extern _Bool LINUX_HAS_BPF_COOKIE __kconfig __weak;
extern _Bool CONFIG_BOOL __kconfig __weak;
extern enum libbpf_tristate CONFIG_MODULE __kconfig __weak;
extern char CONFIG_LETTER __kconfig __weak;
extern unsigned long CONFIG_HUNDRED __kconfig;
extern signed char CONFIG_NEGATIVE __kconfig __weak;
extern char CONFIG_TEXT[8] __kconfig __weak;
extern unsigned short CONFIG_ABSENT __kconfig __weak;

extern const void bpf_prog_put __ksym;
extern const void symbol_that_is_not_there __ksym __weak;

struct inner {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u64);
};
struct inner first SEC(".maps"), second SEC(".maps");
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
  __uint(max_entries, 4);
  __uint(key_size, 4);
  __array(values, struct inner);
} outer SEC(".maps") = {.values = {[0] = &second, [3] = &first}};

struct {
  __uint(type, BPF_MAP_TYPE_LRU_PERCPU_HASH);
  __uint(max_entries, 64);
  __uint(map_flags, BPF_F_NUMA_NODE);
  __uint(numa_node, 1);
  __uint(pinning, LIBBPF_PIN_BY_NAME);
  __type(key, __u32);
  __type(value, __u64);
} recent SEC(".maps");

SEC("kprobe/do_unlinkat") int configured(void* context) {
  return LINUX_KERNEL_VERSION + LINUX_HAS_BPF_COOKIE + CONFIG_BOOL + CONFIG_MODULE + CONFIG_LETTER +
         CONFIG_HUNDRED + CONFIG_NEGATIVE + CONFIG_TEXT[1] + CONFIG_ABSENT;
}
SEC("tp/syscalls/sys_enter_openat") int symbols(void* context) {
  return ((unsigned long)&bpf_prog_put >> 32) + (&symbol_that_is_not_there == 0);
}

__attribute__((noinline)) int when_thrown(__u64 cookie) { return cookie; }
__attribute__((btf_decl_tag("exception_callback:when_thrown")))
SEC("tc/ingress") int throws(struct __sk_buff* packet) {
  return packet->len;
}

struct operations {
  int (*start)(void*);
  int number;
  int (*stop)(void*);
};
SEC("struct_ops/start") int on_start(void* context) { return 0; }
SEC("struct_ops/stop") int on_stop(void* context) { return 1; }
SEC(".struct_ops.link")
struct operations linked = {.start = (void*)on_start, .number = 7, .stop = (void*)on_stop};
SEC(".struct_ops") struct operations plain = {.stop = (void*)on_stop};

SEC("?xdp.frags") int pieces(struct xdp_md* packet) { return XDP_PASS; }
char licence[] SEC("license") = "GPL";
