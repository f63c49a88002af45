// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// The headers on the wire: the kernel's own structs where linux-libc-dev has them, and the few that
// it has not. <linux/icmp.h> and <linux/pkt_cls.h> are left out on purpose: the first brings in the
// C library, of the second two numbers are needed.
#pragma once

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include "skep.bpf.h"

#define offset_of(type, member) __builtin_offsetof(type, member)

#define VLAN_TAGS_MAX 2
#define EXTENSION_HEADERS_MAX 4
#define ICMP_HEADER_BYTES 8  // of both versions

#define TC_PASS 0  // TC_ACT_OK
#define TC_DROP 2  // TC_ACT_SHOT

enum tcp_flag { tcp_fin = 1, tcp_syn = 2, tcp_rst = 4, tcp_ack = 16 };

struct vlan_tag {
  __be16 control;     // priority and identifier
  __be16 ether_type;  // of what follows the tag
};

struct ipv6_extension {
  __u8 next;
  __u8 length;    // in 8 bytes, without the first 8
  __be16 offset;  // fragment header only: 8-byte units in the upper 13 bits
  __u8 rest[4];
};

static __always_inline int is_vlan(__be16 ether_type) {
  return ether_type == bpf_htons(ETH_P_8021Q) || ether_type == bpf_htons(ETH_P_8021AD);
}
