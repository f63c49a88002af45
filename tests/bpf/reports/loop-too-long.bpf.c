// Each round is another state, because the sum decides: Linux gives up after a million.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "GPL";

SEC("xdp")
int sum(struct xdp_md* context) {
  __u32 sum = 0;
  for (__u32 i = 0; i < 400000; ++i) {
    sum += i;
    asm volatile("" : "+r"(sum));
  }
  return sum == 7 ? XDP_DROP : XDP_PASS;
}
