// Where the numbers of struct __sk_buff and struct xdp_md stand (include/uapi/linux/bpf.h), for
// code that fills them.
#pragma once

#include "base/types.hpp"

namespace skep::runtime {

struct SkbField {
  static constexpr u32 len = 0, pkt_type = 4, mark = 8, queue_mapping = 12, protocol = 16,
                       vlan_present = 20, vlan_tci = 24, vlan_proto = 28, priority = 32,
                       ingress_ifindex = 36, ifindex = 40, tc_index = 44, cb = 48, hash = 68,
                       tc_classid = 72, napi_id = 84, tstamp = 152, wire_len = 160, gso_segs = 164,
                       gso_size = 176, hwtstamp = 184;
};

inline constexpr u32 kSkbBytes = 192, kXdpBytes = 24;  // of the structures

struct XdpField {
  static constexpr u32 ingress_ifindex = 12, rx_queue_index = 16;
};

// EtherTypes and header sizes that more than one helper needs.
inline constexpr u16 kEtherIpv4 = 0x0800, kEtherIpv6 = 0x86dd, kEtherVlan = 0x8100,
                     kEtherServiceVlan = 0x88a8;
inline constexpr u32 kEthernetBytes = 14, kVlanBytes = 4, kIpv4Bytes = 20, kIpv6Bytes = 40;

// A 16-bit number between host and network order; the same both ways.
constexpr u16 network_order(u16 value) { return static_cast<u16>(value << 8 | value >> 8); }

}  // namespace skep::runtime
