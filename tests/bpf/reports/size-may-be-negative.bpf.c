// A length from user space is signed, and only its upper end is compared.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "GPL";

int wanted = 8;  // set from user space

SEC("socket")
int copy(struct __sk_buff* skb) {
  char bytes[16] = {};
  int size = *(volatile int*)&wanted;
  if (size > 16) return 0;
  bpf_skb_load_bytes(skb, 0, bytes, size);
  return bytes[0] & 1;
}
