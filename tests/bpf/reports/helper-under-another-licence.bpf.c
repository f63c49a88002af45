// bpf_trace_printk is for programs under a licence like the GPL.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Proprietary";

SEC("xdp")
int trace(struct xdp_md* context) {
  bpf_printk("packet on %d", context->ingress_ifindex);
  return XDP_PASS;
}
