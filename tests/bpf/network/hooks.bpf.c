// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A program for each hook of the network. Each counts its runs in a variable hits_NAME, and lets
// everything pass.
// clang-format off
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
// clang-format on

#define COUNTING(section, name, context, verdict) \
  __u64 hits_##name;                              \
  SEC(section) int name(context* ctx) {           \
    __sync_fetch_and_add(&hits_##name, 1);        \
    return verdict;                               \
  }

COUNTING("xdp", on_xdp, struct xdp_md, XDP_PASS)
COUNTING("xdp", other_xdp, struct xdp_md, XDP_PASS)
COUNTING("xdp.frags", on_frags, struct xdp_md, XDP_PASS)

COUNTING("tc/ingress", on_ingress, struct __sk_buff, -1)  // TC_ACT_UNSPEC, TCX_NEXT
COUNTING("tc/egress", on_egress, struct __sk_buff, -1)
COUNTING("tc", on_either, struct __sk_buff, -1)
COUNTING("netkit/primary", on_netkit, struct __sk_buff, -1)
COUNTING("netkit/peer", on_netkit_peer, struct __sk_buff, -1)

COUNTING("lwt_in", on_route_in, struct __sk_buff, BPF_OK)
COUNTING("lwt_out", on_route_out, struct __sk_buff, BPF_OK)
COUNTING("lwt_xmit", on_route_xmit, struct __sk_buff, BPF_OK)
COUNTING("lwt_seg6local", on_segment, struct __sk_buff, BPF_OK)

COUNTING("cgroup_skb/ingress", on_skb_in, struct __sk_buff, 1)
COUNTING("cgroup_skb/egress", on_skb_out, struct __sk_buff, 1)
COUNTING("cgroup/skb", on_skb, struct __sk_buff, 1)
COUNTING("cgroup/sock_create", on_create, struct bpf_sock, 1)
COUNTING("cgroup/sock_release", on_release, struct bpf_sock, 1)
COUNTING("cgroup/sock", on_sock, struct bpf_sock, 1)
COUNTING("cgroup/post_bind4", on_post_bind4, struct bpf_sock, 1)
COUNTING("cgroup/post_bind6", on_post_bind6, struct bpf_sock, 1)
COUNTING("cgroup/bind4", on_bind4, struct bpf_sock_addr, 1)
COUNTING("cgroup/bind6", on_bind6, struct bpf_sock_addr, 1)
COUNTING("cgroup/connect4", on_connect4, struct bpf_sock_addr, 1)
COUNTING("cgroup/connect6", on_connect6, struct bpf_sock_addr, 1)
COUNTING("cgroup/connect_unix", on_connect_unix, struct bpf_sock_addr, 1)
COUNTING("cgroup/sendmsg4", on_sendmsg4, struct bpf_sock_addr, 1)
COUNTING("cgroup/sendmsg6", on_sendmsg6, struct bpf_sock_addr, 1)
COUNTING("cgroup/sendmsg_unix", on_sendmsg_unix, struct bpf_sock_addr, 1)
COUNTING("cgroup/recvmsg4", on_recvmsg4, struct bpf_sock_addr, 1)
COUNTING("cgroup/recvmsg6", on_recvmsg6, struct bpf_sock_addr, 1)
COUNTING("cgroup/recvmsg_unix", on_recvmsg_unix, struct bpf_sock_addr, 1)
COUNTING("cgroup/getpeername4", on_peer4, struct bpf_sock_addr, 1)
COUNTING("cgroup/getpeername6", on_peer6, struct bpf_sock_addr, 1)
COUNTING("cgroup/getpeername_unix", on_peer_unix, struct bpf_sock_addr, 1)
COUNTING("cgroup/getsockname4", on_name4, struct bpf_sock_addr, 1)
COUNTING("cgroup/getsockname6", on_name6, struct bpf_sock_addr, 1)
COUNTING("cgroup/getsockname_unix", on_name_unix, struct bpf_sock_addr, 1)
COUNTING("cgroup/sysctl", on_sysctl, struct bpf_sysctl, 1)
COUNTING("cgroup/getsockopt", on_getsockopt, struct bpf_sockopt, 1)
COUNTING("cgroup/setsockopt", on_setsockopt, struct bpf_sockopt, 1)
COUNTING("cgroup/dev", on_device, struct bpf_cgroup_dev_ctx, 1)
COUNTING("sockops", on_sockops, struct bpf_sock_ops, 1)

struct {
  __uint(type, BPF_MAP_TYPE_SOCKMAP);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, __u64);
} sockets SEC(".maps");
struct {
  __uint(type, BPF_MAP_TYPE_SOCKHASH);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, __u64);
} hashed_sockets SEC(".maps");

COUNTING("sk_skb/stream_parser", on_parse, struct __sk_buff, ctx->len)
COUNTING("sk_skb/stream_verdict", on_stream, struct __sk_buff, SK_PASS)
COUNTING("sk_skb/verdict", on_verdict, struct __sk_buff, SK_PASS)
COUNTING("sk_skb", on_skb_either, struct __sk_buff, SK_PASS)
COUNTING("sk_msg", on_message, struct sk_msg_md, SK_PASS)

COUNTING("sk_lookup", on_lookup, struct bpf_sk_lookup, SK_PASS)
COUNTING("flow_dissector", on_dissect, struct __sk_buff, BPF_OK)
COUNTING("flow_dissector", other_dissect, struct __sk_buff, BPF_OK)
COUNTING("socket", on_socket, struct __sk_buff, -1)
COUNTING("sk_reuseport", on_choice, struct sk_reuseport_md, SK_PASS)
COUNTING("sk_reuseport/migrate", on_migrate, struct sk_reuseport_md, SK_PASS)
COUNTING("netfilter", on_netfilter, void, 1)  // NF_ACCEPT
COUNTING("?lirc_mode2", on_infrared, unsigned, 0)

char LICENSE[] SEC("license") = "GPL";
