// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Programs of several hooks for a command that is killed while it attaches them: some hang on
// descriptors, some, which WITHOUT_LINKS adds, on nothing.
// clang-format off
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
// clang-format on

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u64);
} kill_runs SEC(".maps");

static int count(int verdict) {
  __u32 zero = 0;
  __u64* runs = bpf_map_lookup_elem(&kill_runs, &zero);
  if (runs) __sync_fetch_and_add(runs, 1);
  return verdict;
}

SEC("xdp") int kill_xdp(struct xdp_md* packet) { return count(XDP_PASS); }
SEC("uprobe") int kill_uprobe(void* registers) { return count(0); }
SEC("netfilter") int kill_netfilter(void* packet) { return count(1); }
#ifdef WITHOUT_LINKS
SEC("tc/ingress") int kill_ingress(struct __sk_buff* packet) { return count(-1); }
SEC("tc/egress") int kill_egress(struct __sk_buff* packet) { return count(-1); }
SEC("lwt_out") int kill_route(struct __sk_buff* packet) { return count(BPF_OK); }
#endif

char LICENSE[] SEC("license") = "GPL";
