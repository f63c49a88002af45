// The key has three bytes of padding, which nothing writes.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "GPL";

struct key {
  __u8 protocol;
  __u32 address;
};
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 16);
  __type(key, struct key);
  __type(value, __u64);
} flows SEC(".maps");

SEC("xdp")
int count(struct xdp_md* context) {
  struct key key;
  key.protocol = 6;
  key.address = context->ingress_ifindex;
  __u64* value = bpf_map_lookup_elem(&flows, &key);
  if (value) __sync_fetch_and_add(value, 1);
  return XDP_PASS;
}
