// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// The packet parser that the XDP programs here share: from the first byte of an Ethernet frame to
// the transport header.
//
// Takes up to two VLAN tags (802.1Q, 802.1ad), IPv4 with options, IPv6 with up to four extension
// headers (not AH), TCP, UDP, ICMP and ICMPv6. IPv4 addresses are kept as ::ffff:a.b.c.d, so that
// one key serves both. Other transports, and fragments but the first, have both ports zero.
//
// Malformed is what contradicts itself or ends inside a header: an IP version that is not the
// EtherType's, lengths below the least, a header past the end of the packet or of the frame. A
// frame with less *payload* than its IP header says is well-formed here: that is what a capture
// with a snap length looks like. No checksum is looked at.
//
// Each layer is a global function: a verifier proves it once, not once for each way by which the
// layers before may have come here (`flows` costs the kernel's 4,549 instructions; with the same
// code inlined it was 427,013). Hence the offsets: no packet pointer can be handed over.
#pragma once

#include "headers.bpf.h"

enum parsed { parsed_ip, parsed_other, parsed_malformed };

struct packet {
  struct in6_addr source __attribute__((aligned(8)));
  struct in6_addr destination;
  __be16 source_port;
  __be16 destination_port;
  __u8 protocol;
  __u8 tcp_flags;      // enum tcp_flag; zero where there is no TCP header
  __u8 has_transport;  // the header of `protocol` is there, whole
  __u8 version;        // 4 or 6
  __u16 network;       // where the IP header starts
  __u16 transport;     // and where what follows it does
};

// `bytes` of the packet from `offset` on, or null where it ends before.
static __always_inline void* bytes_at(struct xdp_md* context, __u32 offset, __u32 bytes) {
  void* start = (void*)(long)context->data + (offset & 0x3fff);
  if (start + bytes > (void*)(long)context->data_end) return 0;
  return start;
}

// Made of whole words, because keys are hashed by whole words: what was stored in smaller parts is
// not at hand for a wider load until it has reached the cache.
static __always_inline struct in6_addr mapped(__be32 ipv4) {
  __u64 words[2] = {0, (__u64)ipv4 << 32 | bpf_htonl(0xffff)};
  struct in6_addr address;
  __builtin_memcpy(&address, words, sizeof address);
  return address;
}

// Reads the transport header, of which the IP header promises `left` bytes.
__noinline int parse_transport(struct xdp_md* context, struct packet* packet, __u32 left) {
  if (!packet) return parsed_malformed;
  __u32 at = packet->transport;
  if (packet->protocol == IPPROTO_TCP) {
    struct tcphdr* tcp = bytes_at(context, at, sizeof *tcp);
    if (!tcp || tcp->doff < 5 || tcp->doff * 4 > left) return parsed_malformed;
    if (!bytes_at(context, at, tcp->doff * 4)) return parsed_malformed;
    packet->source_port = tcp->source;
    packet->destination_port = tcp->dest;
    packet->tcp_flags = ((__u8*)tcp)[13];
  } else if (packet->protocol == IPPROTO_UDP) {
    struct udphdr* udp = bytes_at(context, at, sizeof *udp);
    if (!udp || left < sizeof *udp || bpf_ntohs(udp->len) < sizeof *udp) return parsed_malformed;
    packet->source_port = udp->source;
    packet->destination_port = udp->dest;
  } else if (packet->protocol == IPPROTO_ICMP || packet->protocol == IPPROTO_ICMPV6) {
    if (left < ICMP_HEADER_BYTES || !bytes_at(context, at, ICMP_HEADER_BYTES))
      return parsed_malformed;
  } else {
    return parsed_ip;
  }
  packet->has_transport = 1;
  return parsed_ip;
}

__noinline int parse_ipv4(struct xdp_md* context, struct packet* packet) {
  if (!packet) return parsed_malformed;
  __u32 at = packet->network;
  struct iphdr* ip = bytes_at(context, at, sizeof *ip);
  if (!ip || ip->version != 4 || ip->ihl < 5) return parsed_malformed;
  __u32 header = ip->ihl * 4;
  __u32 total = bpf_ntohs(ip->tot_len);
  if (total < header || !bytes_at(context, at, header)) return parsed_malformed;
  packet->version = 4;
  packet->transport = at + header;
  packet->protocol = ip->protocol;
  packet->source = mapped(ip->saddr);
  packet->destination = mapped(ip->daddr);
  if (ip->frag_off & bpf_htons(0x1fff)) return parsed_ip;
  return parse_transport(context, packet, total - header);
}

static __always_inline int is_extension(__u8 protocol) {
  return protocol == IPPROTO_HOPOPTS || protocol == IPPROTO_ROUTING ||
         protocol == IPPROTO_FRAGMENT || protocol == IPPROTO_DSTOPTS;
}

__noinline int parse_ipv6(struct xdp_md* context, struct packet* packet) {
  if (!packet) return parsed_malformed;
  __u32 at = packet->network;
  struct ipv6hdr* ip = bytes_at(context, at, sizeof *ip);
  if (!ip || ip->version != 6) return parsed_malformed;
  __u32 left = bpf_ntohs(ip->payload_len);
  if (left == 0 && ip->nexthdr != IPPROTO_NONE) left = ~0u;  // a jumbogram, or not yet segmented
  packet->version = 6;
  packet->protocol = ip->nexthdr;
  packet->source = ip->saddr;
  packet->destination = ip->daddr;
  at += sizeof *ip;
  __be16 fragment = 0;
#pragma clang loop unroll(disable)
  for (int i = 0; i < EXTENSION_HEADERS_MAX && is_extension(packet->protocol); i++) {
    struct ipv6_extension* extension = bytes_at(context, at, sizeof *extension);
    if (!extension) return parsed_malformed;
    __u32 length = 8;
    if (packet->protocol == IPPROTO_FRAGMENT)
      fragment = extension->offset & bpf_htons(0xfff8);
    else
      length += extension->length * 8;
    if (left < length || !bytes_at(context, at, length)) return parsed_malformed;
    left -= length;
    at += length;
    packet->protocol = extension->next;
    if (fragment) break;
  }
  packet->transport = at;
  if (fragment) return parsed_ip;
  return parse_transport(context, packet, left);
}

// Fills `packet` and returns an enum parsed; it is whole where that is parsed_ip.
__noinline int parse(struct xdp_md* context, struct packet* packet) {
  if (!packet) return parsed_malformed;
  __builtin_memset(packet, 0, sizeof *packet);
  __u32 at = sizeof(struct ethhdr);
  struct ethhdr* ethernet = bytes_at(context, 0, at);
  if (!ethernet) return parsed_malformed;
  __be16 type = ethernet->h_proto;
#pragma clang loop unroll(full)
  for (int i = 0; i < VLAN_TAGS_MAX && is_vlan(type); i++) {
    struct vlan_tag* tag = bytes_at(context, at, sizeof *tag);
    if (!tag) return parsed_malformed;
    type = tag->ether_type;
    at += sizeof *tag;
  }
  packet->network = at;
  if (type == bpf_htons(ETH_P_IP)) return parse_ipv4(context, packet);
  if (type == bpf_htons(ETH_P_IPV6)) return parse_ipv6(context, packet);
  return parsed_other;
}
