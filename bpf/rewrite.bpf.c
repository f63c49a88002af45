// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Edits packets: a VLAN tag on or off, the hop limit, a port, and the checksums that follow.
//
// Four numbers choose what is done, all set before loading: `vlan` (the identifier of an outer tag
// to push, or 0 to strip the outer tag), `hops` (by how much to lower TTL or hop limit, as a router
// does, 0 for not at all), and `port` with `new_port` (TCP and UDP: what comes for `port` goes to
// `new_port`, and what answers from `new_port` says `port`; 0 for not at all). Checksums are
// updated by the difference (RFC 1624), so a wrong one stays wrong. A packet without hops left is
// dropped and counted in `expired`. What is malformed, or no IP, gets its tag and nothing else.
//
// The same twice: `rewrite` for XDP moves the headers itself, `rewrite_tc` for TC leaves it to
// helpers. The latter looks less closely: it checks the headers that it edits and no others, and
// finds no ports behind IPv6 extension headers. Its tag the kernel keeps beside the packet
// (skb->vlan_tci).
#include "parse.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile __u16 vlan = 100;
const volatile __u8 hops = 1;
const volatile __u16 port = 0;
const volatile __u16 new_port = 0;

__u64 pushed;
__u64 stripped;
__u64 expired;

struct addresses {
  __u8 bytes[2 * ETH_ALEN];
};

struct tagged {
  struct addresses addresses;
  __be16 tag_type;
  __be16 control;
};

// Updates `check` for four bytes of its data that change: ~(~check + ~from + to), RFC 1624, (3).
static __always_inline void update_checksum(__u16* check, __be32 from, __be32 to) {
  __u64 sum = bpf_csum_diff(&from, sizeof from, &to, sizeof to, (__u16) ~*check) & 0xffffffff;
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  *check = ~sum;
}

// The new pair of ports; as it is where the packet is none of ours.
static __always_inline __be32 new_ports(__be32 ports) {
  union {
    __be32 both;
    __be16 one[2];  // source, destination: the order of TCP and UDP
  } pair = {ports};
  if (pair.one[1] == bpf_htons(port))
    pair.one[1] = bpf_htons(new_port);
  else if (pair.one[0] == bpf_htons(new_port))
    pair.one[0] = bpf_htons(port);
  return pair.both;
}

static __always_inline int push_tag(struct xdp_md* context) {
  void* data = (void*)(long)context->data;
  if (data + sizeof(struct ethhdr) > (void*)(long)context->data_end) return XDP_DROP;
  struct addresses addresses = *(struct addresses*)data;
  if (bpf_xdp_adjust_head(context, -(int)sizeof(struct vlan_tag))) return XDP_ABORTED;
  struct tagged* frame = (void*)(long)context->data;
  if ((void*)(frame + 1) > (void*)(long)context->data_end) return XDP_ABORTED;
  frame->addresses = addresses;
  frame->tag_type = bpf_htons(ETH_P_8021Q);
  frame->control = bpf_htons(vlan);
  __sync_fetch_and_add(&pushed, 1);
  return XDP_PASS;
}

static __always_inline int strip_tag(struct xdp_md* context) {
  struct tagged* frame = (void*)(long)context->data;
  if ((void*)(frame + 1) > (void*)(long)context->data_end || !is_vlan(frame->tag_type))
    return XDP_PASS;
  struct addresses addresses = frame->addresses;
  if (bpf_xdp_adjust_head(context, sizeof(struct vlan_tag))) return XDP_ABORTED;
  struct addresses* start = (void*)(long)context->data;
  if ((void*)(start + 1) > (void*)(long)context->data_end) return XDP_ABORTED;
  *start = addresses;
  __sync_fetch_and_add(&stripped, 1);
  return XDP_PASS;
}

// Whether the packet may go on.
static __always_inline int lower_hops(struct xdp_md* context, const struct packet* packet) {
  if (packet->version == 6) {
    struct ipv6hdr* ip = bytes_at(context, packet->network, sizeof *ip);
    if (!ip || ip->hop_limit <= hops) return 0;
    ip->hop_limit -= hops;
    return 1;
  }
  struct iphdr* ip = bytes_at(context, packet->network, sizeof *ip);
  if (!ip || ip->ttl <= hops) return 0;
  __be32 before = bpf_htons(ip->ttl << 8 | ip->protocol);
  ip->ttl -= hops;
  __be32 after = bpf_htons(ip->ttl << 8 | ip->protocol);
  update_checksum(&ip->check, before, after);
  return 1;
}

static __always_inline void change_tcp_port(struct xdp_md* context, const struct packet* packet) {
  struct tcphdr* tcp = bytes_at(context, packet->transport, sizeof *tcp);
  if (!tcp) return;
  __be32* ports = (__be32*)tcp;
  __be32 before = *ports;
  *ports = new_ports(before);
  update_checksum(&tcp->check, before, *ports);
}

static __always_inline void change_udp_port(struct xdp_md* context, const struct packet* packet) {
  struct udphdr* udp = bytes_at(context, packet->transport, sizeof *udp);
  if (!udp) return;
  __be32* ports = (__be32*)udp;
  __be32 before = *ports;
  *ports = new_ports(before);
  if (udp->check == 0) return;  // none, as UDP over IPv4 may choose
  update_checksum(&udp->check, before, *ports);
  if (udp->check == 0) udp->check = 0xffff;
}

// Whether the packet may go on.
static __always_inline int edit(struct xdp_md* context) {
  struct packet packet = {};
  if (parse(context, &packet) != parsed_ip) return 1;
  if (hops && !lower_hops(context, &packet)) return 0;
  if (port && packet.has_transport && packet.protocol == IPPROTO_TCP)
    change_tcp_port(context, &packet);
  if (port && packet.has_transport && packet.protocol == IPPROTO_UDP)
    change_udp_port(context, &packet);
  return 1;
}

SEC("xdp")
int rewrite(struct xdp_md* context) {
  if (!edit(context)) {
    __sync_fetch_and_add(&expired, 1);
    return XDP_DROP;
  }
  return vlan ? push_tag(context) : strip_tag(context);
}

// The TC program knows the packet by offsets only. 0 where the packet ends before `bytes`.
static __always_inline int load(struct __sk_buff* context, __u32 offset, void* to, __u32 bytes) {
  return bpf_skb_load_bytes(context, offset, to, bytes) == 0;
}

static __always_inline void change_port_tc(struct __sk_buff* context, __u32 transport,
                                           __u8 protocol) {
  __be32 before;
  __u16 check;
  __u32 check_at = transport + (protocol == IPPROTO_TCP ? offset_of(struct tcphdr, check)
                                                        : offset_of(struct udphdr, check));
  if (!load(context, transport, &before, sizeof before)) return;
  if (!load(context, check_at, &check, sizeof check)) return;
  __be32 after = new_ports(before);
  if (after == before) return;
  bpf_skb_store_bytes(context, transport, &after, sizeof after, 0);
  __u64 flags = sizeof after;
  if (protocol == IPPROTO_UDP) flags |= BPF_F_MARK_MANGLED_0;  // leaves a checksum of 0 alone
  bpf_l4_csum_replace(context, check_at, before, after, flags);
}

static __always_inline int rewrite_ipv4(struct __sk_buff* context, __u32 at) {
  struct iphdr ip;
  if (!load(context, at, &ip, sizeof ip) || ip.version != 4 || ip.ihl < 5) return TC_PASS;
  if (hops) {
    if (ip.ttl <= hops) return TC_DROP;
    __u8 ttl = ip.ttl - hops;
    bpf_l3_csum_replace(context, at + offset_of(struct iphdr, check),
                        bpf_htons(ip.ttl << 8 | ip.protocol), bpf_htons(ttl << 8 | ip.protocol), 2);
    bpf_skb_store_bytes(context, at + offset_of(struct iphdr, ttl), &ttl, sizeof ttl, 0);
  }
  if (ip.frag_off & bpf_htons(0x1fff)) return TC_PASS;
  if (port && (ip.protocol == IPPROTO_TCP || ip.protocol == IPPROTO_UDP))
    change_port_tc(context, at + ip.ihl * 4, ip.protocol);
  return TC_PASS;
}

static __always_inline int rewrite_ipv6(struct __sk_buff* context, __u32 at) {
  struct ipv6hdr ip;
  if (!load(context, at, &ip, sizeof ip) || ip.version != 6) return TC_PASS;
  if (hops) {
    if (ip.hop_limit <= hops) return TC_DROP;
    __u8 limit = ip.hop_limit - hops;
    bpf_skb_store_bytes(context, at + offset_of(struct ipv6hdr, hop_limit), &limit, sizeof limit,
                        0);
  }
  if (port && (ip.nexthdr == IPPROTO_TCP || ip.nexthdr == IPPROTO_UDP))
    change_port_tc(context, at + sizeof ip, ip.nexthdr);
  return TC_PASS;
}

static __always_inline int edit_tc(struct __sk_buff* context) {
  __u32 at = offset_of(struct ethhdr, h_proto);
  __be16 type;
  if (!load(context, at, &type, sizeof type)) return TC_PASS;
#pragma clang loop unroll(full)
  for (int i = 0; i < VLAN_TAGS_MAX && is_vlan(type); i++) {
    at += sizeof(struct vlan_tag);
    if (!load(context, at, &type, sizeof type)) return TC_PASS;
  }
  at += sizeof type;
  if (type == bpf_htons(ETH_P_IP)) return rewrite_ipv4(context, at);
  if (type == bpf_htons(ETH_P_IPV6)) return rewrite_ipv6(context, at);
  return TC_PASS;
}

SEC("tc")
int rewrite_tc(struct __sk_buff* context) {
  if (edit_tc(context) == TC_DROP) {
    __sync_fetch_and_add(&expired, 1);
    return TC_DROP;
  }
  __be16 tag = bpf_htons(ETH_P_8021Q);
  if (vlan && bpf_skb_vlan_push(context, tag, vlan) == 0) __sync_fetch_and_add(&pushed, 1);
  if (vlan == 0 && bpf_skb_vlan_pop(context) == 0) __sync_fetch_and_add(&stripped, 1);
  return TC_PASS;
}
