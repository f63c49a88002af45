// Two look-ups, one comparison.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "GPL";

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 16);
  __type(key, __u32);
  __type(value, __u64);
} counts SEC(".maps");

SEC("xdp")
int move(struct xdp_md* context) {
  __u32 from = 1, to = 2;
  __u64* source = bpf_map_lookup_elem(&counts, &from);
  __u64* destination = bpf_map_lookup_elem(&counts, &to);
  if (!source) return XDP_PASS;
  *destination += *source;
  return XDP_PASS;
}
