// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Programs that need what only a kernel has, each by another way; and one that does not.
// clang-format off
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
// clang-format on

extern int bpf_kernel_function(int number) __ksym;
extern int bpf_missing_function(int number) __ksym __weak;
extern const int kernel_variable __ksym;
extern unsigned CONFIG_HZ __kconfig __weak;

SEC("xdp") int calls(struct xdp_md* packet) { return bpf_kernel_function(packet->rx_queue_index); }
SEC("xdp") int calls_weak(struct xdp_md* packet) {
  if (bpf_missing_function) return bpf_missing_function(packet->rx_queue_index);
  return XDP_PASS;
}
SEC("xdp") int reads(struct xdp_md* packet) { return kernel_variable != 0; }
SEC("xdp") int configured(struct xdp_md* packet) { return CONFIG_HZ; }
SEC("xdp") int plain(struct xdp_md* packet) { return XDP_PASS; }
char licence[] SEC("license") = "Dual BSD/GPL";
