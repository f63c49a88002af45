// A callback of bpf_loop returns 0 to go on or 1 to stop.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "GPL";

static long each(__u64 index, void* context) { return index; }

SEC("xdp")
int loop(struct xdp_md* context) {
  bpf_loop(10, each, 0, 0);
  return XDP_PASS;
}
