// The length of the IP header is read from the packet: what is behind it may not be there.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "GPL";

SEC("xdp")
int port(struct xdp_md* context) {
  unsigned char* data = (void*)(long)context->data;
  unsigned char* end = (void*)(long)context->data_end;
  if (data + 14 + 20 > end) return XDP_DROP;
  unsigned char* transport = data + 14 + (data[14] & 15) * 4;
  return *(volatile unsigned char*)transport == 53 ? XDP_DROP : XDP_PASS;
}
