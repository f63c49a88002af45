// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// A socket filter that keeps DNS, whole, and nothing else: UDP and TCP from or to port 53.
//
// It looks at frames from the Ethernet header on, as a packet socket sees them. A socket filter may
// not touch the packet by pointer: every header is copied out with bpf_skb_load_bytes(), which says
// no where the packet is too short. The answer is the number of bytes to keep, 0 for none.
//
// What it does not do: look inside the payload (what talks on port 53 is DNS), or walk IPv6
// extension headers. `kept` and `skipped` count what it decided.
#include "headers.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

__u64 kept;
__u64 skipped;

static __always_inline int load(struct __sk_buff* context, __u32 offset, void* to, __u32 bytes) {
  return bpf_skb_load_bytes(context, offset, to, bytes) == 0;
}

// Where the transport header starts, and in `protocol` which one it is; 0 where there is none.
static __always_inline __u32 transport_at(struct __sk_buff* context, __u8* protocol) {
  __u32 at = offset_of(struct ethhdr, h_proto);
  __be16 type;
  if (!load(context, at, &type, sizeof type)) return 0;
#pragma clang loop unroll(full)
  for (int i = 0; i < VLAN_TAGS_MAX; i++) {
    if (!is_vlan(type)) break;
    at += sizeof(struct vlan_tag);
    if (!load(context, at, &type, sizeof type)) return 0;
  }
  at += sizeof type;
  if (type == bpf_htons(ETH_P_IP)) {
    struct iphdr ip;
    if (!load(context, at, &ip, sizeof ip) || ip.version != 4 || ip.ihl < 5) return 0;
    if (ip.frag_off & bpf_htons(0x1fff)) return 0;
    *protocol = ip.protocol;
    return at + ip.ihl * 4;
  }
  if (type == bpf_htons(ETH_P_IPV6)) {
    struct ipv6hdr ip;
    if (!load(context, at, &ip, sizeof ip) || ip.version != 6) return 0;
    *protocol = ip.nexthdr;
    return at + sizeof ip;
  }
  return 0;
}

static __always_inline int is_dns(struct __sk_buff* context) {
  __u8 protocol = 0;
  __u32 at = transport_at(context, &protocol);
  if (at == 0 || (protocol != IPPROTO_UDP && protocol != IPPROTO_TCP)) return 0;
  __be16 ports[2];
  if (!load(context, at, ports, sizeof ports)) return 0;
  return ports[0] == bpf_htons(53) || ports[1] == bpf_htons(53);
}

SEC("socket")
int dns_only(struct __sk_buff* context) {
  if (is_dns(context)) {
    __sync_fetch_and_add(&kept, 1);
    return context->len;
  }
  __sync_fetch_and_add(&skipped, 1);
  return 0;
}
