// A global function is verified by the type of its parameter, which is larger than what it is
// given.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "GPL";

struct pair {
  long a, b;
};

__attribute__((noinline)) int sum(struct pair* pair) {
  if (!pair) return 0;
  return (pair->a + pair->b) & 1;
}

SEC("xdp")
int give(struct xdp_md* context) {
  volatile long one = context->ingress_ifindex;
  return sum((struct pair*)&one);
}
