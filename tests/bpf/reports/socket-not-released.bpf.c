// A socket that was found is released on one way only.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "GPL";

SEC("tc")
int find(struct __sk_buff* skb) {
  struct bpf_sock_tuple tuple = {};
  tuple.ipv4.dport = 80;
  struct bpf_sock* socket =
      bpf_sk_lookup_tcp(skb, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0);
  if (!socket) return 0;
  if (socket->state == 10) return 2;
  bpf_sk_release(socket);
  return 0;
}
