// The bound is that of another buffer.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "GPL";

SEC("socket")
int copy(struct __sk_buff* skb) {
  char bytes[16] = {};
  __u32 size = skb->len;
  if (size == 0 || size > 64) return 0;
  bpf_skb_load_bytes(skb, 0, bytes, size);
  return bytes[0] & 1;
}
