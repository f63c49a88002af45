// Sockets that tracing programs are given, and what keeps them.
#include "probe.h"

struct sock;
struct sk_buff {
  struct sock* sk;
} OF_KERNEL;
struct {
  __uint(type, BPF_MAP_TYPE_SK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, long);
} storage SEC(".maps");

#define FREED(name)       \
  SEC("tp_btf/kfree_skb") \
  int name(__u64* ctx)

FREED(bad_socket_of_an_rcu_section) {
  struct sock* socket = ((struct sk_buff*)ctx[0])->sk;
  if (!socket) return 0;
  return bpf_get_socket_cookie(socket) == 1;
}
FREED(bad_cast_of_a_socket_of_an_rcu_section) {
  struct sock* socket = ((struct sk_buff*)ctx[0])->sk;
  if (!socket) return 0;
  return bpf_skc_to_tcp_sock(socket) != 0;
}
FREED(good_storage_of_a_socket_of_an_rcu_section) {
  struct sock* socket = ((struct sk_buff*)ctx[0])->sk;
  if (!socket) return 0;
  return bpf_sk_storage_get(&storage, socket, 0, 0) != 0;
}
SEC("tp_btf/inet_sock_set_state")
int good_socket_of_the_arguments(__u64* ctx) {
  return bpf_skc_to_tcp_sock((struct sock*)ctx[0]) != 0;
}
SEC("kprobe.session/vfs_read")
int good_cookie_of_a_session_written(void* ctx) {
  extern __u64* bpf_session_cookie(void) __ksym;
  *bpf_session_cookie() = 1;
  return 0;
}
