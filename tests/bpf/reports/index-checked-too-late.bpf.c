// The element is read before its index is compared.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "GPL";

__u64 table[8];

SEC("xdp")
int read(struct xdp_md* context) {
  __u32 index = context->rx_queue_index;
  __u64 value = *(volatile __u64*)&table[index];
  if (index >= 8) return XDP_DROP;
  return value & 1;
}
