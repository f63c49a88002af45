// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What no loader program can do, one of it in each object that this becomes.
// clang-format off
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
// clang-format on

#ifdef PINNED
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u64);
  __uint(pinning, LIBBPF_PIN_BY_NAME);
} shared SEC(".maps");
SEC("xdp") int program(struct xdp_md* packet) {
  __u32 key = 0;
  return bpf_map_lookup_elem(&shared, &key) != 0;
}
#endif
#ifdef REPLACES
SEC("freplace/other") int program(struct xdp_md* packet) { return 0; }
#endif
#ifdef NO_TARGET
SEC("fentry") int program(void* context) { return 0; }
#endif
#ifdef MODULE
SEC("fentry/nf_tables:nft_do_chain") int program(void* context) { return 0; }
#endif
#ifdef UNKNOWN
SEC("xdb") int program(void* context) { return 0; }
#endif

char licence[] SEC("license") = "GPL";
