// bpf_get_hash_recalc: a number for the flow that a packet belongs to.
//
// Addresses and ports, sorted so that both directions of a connection have the same number, as the
// kernel's flow dissector does (net/core/flow_dissector.c). The kernel's own numbers depend on a
// key drawn at boot; ours do not, so that runs repeat. Never 0 for a packet with an Ethernet
// header.
#include <algorithm>

#include "maps/hash_function.hpp"
#include "runtime/fields.hpp"
#include "runtime/helpers/bodies.hpp"

namespace skep::runtime::helpers {
namespace {

struct End {
  std::array<u8, 16> address{};
  std::array<u8, 2> port{};
  auto operator<=>(const End&) const = default;
};
struct Flow {
  End ends[2];
  u8 protocol = 0;
};

struct Place {
  u16 type;    // EtherType
  u32 offset;  // of the header behind it
};

// Where the network header is, behind at most two VLAN tags.
Place network_of(const Packet& packet) {
  Place at{network_order(static_cast<u16>(packet.field<u32>(SkbField::protocol))),
           packet.network_offset()};
  for (u32 tags = 0; tags < 2 && (at.type == kEtherVlan || at.type == kEtherServiceVlan); ++tags) {
    if (at.offset + kVlanBytes > packet.length()) return {};
    const u8* inner = packet.data() + at.offset + 2;
    at = {static_cast<u16>(inner[0] << 8 | inner[1]), at.offset + kVlanBytes};
  }
  return at;
}

void read_addresses(Flow& flow, const u8* from, u32 bytes) {
  std::copy_n(from, bytes, flow.ends[0].address.begin());
  std::copy_n(from + bytes, bytes, flow.ends[1].address.begin());
}

void read_ports(Flow& flow, const Packet& packet, u32 offset) {
  constexpr u8 kTcp = 6, kUdp = 17, kSctp = 132;
  const bool has_ports = flow.protocol == kTcp || flow.protocol == kUdp || flow.protocol == kSctp;
  if (!has_ports || offset + 4 > packet.length()) return;
  std::copy_n(packet.data() + offset, 2, flow.ends[0].port.begin());
  std::copy_n(packet.data() + offset + 2, 2, flow.ends[1].port.begin());
}

Flow flow_of(const Packet& packet) {
  Flow flow;
  const Place network = network_of(packet);
  const u8* header = packet.data() + network.offset;
  if (network.type == kEtherIpv4 && network.offset + kIpv4Bytes <= packet.length()) {
    flow.protocol = header[9];
    read_addresses(flow, header + 12, 4);
    const bool is_fragment = ((header[6] & 0x3f) | header[7]) != 0;
    if (!is_fragment) read_ports(flow, packet, network.offset + (header[0] & 0xf) * 4u);
  } else if (network.type == kEtherIpv6 && network.offset + kIpv6Bytes <= packet.length()) {
    flow.protocol = header[6];
    read_addresses(flow, header + 8, 16);
    read_ports(flow, packet, network.offset + kIpv6Bytes);
  }
  if (flow.ends[1] < flow.ends[0]) std::swap(flow.ends[0], flow.ends[1]);
  return flow;
}

}  // namespace

u64 get_hash_recalc(u64, u64, u64, u64, u64, void* execution) {
  Packet& packet = packet_of(execution);
  if (const u32 known = packet.field<u32>(SkbField::hash); known != 0) return known;
  const Flow flow = flow_of(packet);
  static_assert(sizeof(flow) == 37 && alignof(Flow) == 1, "no padding between what is hashed");
  const u32 hash = std::max(1u, static_cast<u32>(maps::hash_of(&flow, sizeof(flow), 0)));
  packet.set_field<u32>(SkbField::hash, hash);
  return hash;
}

}  // namespace skep::runtime::helpers
