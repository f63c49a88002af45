// VLAN tags of an skb: the outermost one stands beside the packet, in the context, as network cards
// deliver it (skb_vlan_push and skb_vlan_pop in net/core/skbuff.c). Packet::materialise_vlan() puts
// it into the bytes.
#include "base/bytes.hpp"
#include "runtime/fields.hpp"
#include "runtime/helpers/bodies.hpp"

namespace skep::runtime::helpers {
namespace {

constexpr u32 kAddressBytes = 12;

struct Tag {
  u16 protocol;  // host order
  u16 control;
};

bool is_vlan(u16 protocol) { return protocol == kEtherVlan || protocol == kEtherServiceVlan; }

u16 big_endian_at(const Packet& packet, u32 offset) {
  be16 value;
  std::memcpy(&value, packet.data() + offset, sizeof(value));
  return value;
}

void set_tag(Packet& packet, Tag tag) {
  packet.set_field<u32>(SkbField::vlan_present, 1);
  packet.set_field<u32>(SkbField::vlan_tci, tag.control);
  packet.set_field<u32>(SkbField::vlan_proto, network_order(tag.protocol));
}

void clear_tag(Packet& packet) {
  for (const u32 field : {SkbField::vlan_present, SkbField::vlan_tci, SkbField::vlan_proto}) {
    packet.set_field<u32>(field, 0);
  }
}

// The protocol that a tag's inner EtherType stands for (vlan_set_encap_proto): lengths mean 802.3
// or 802.2.
u16 encapsulated_protocol(const Packet& packet) {
  constexpr u32 kType = kEthernetBytes + 2, kBehind = kEthernetBytes + kVlanBytes;
  const u16 type = big_endian_at(packet, kType);
  if (type >= 0x0600) return type;
  const bool novell = packet.length() >= kBehind + 2 && big_endian_at(packet, kBehind) == 0xffff;
  return novell ? 0x0001 : 0x0004;
}

// Takes the first tag out of the bytes.
s64 take_tag(Packet& packet, u16& control) {
  if (packet.length() < kEthernetBytes + kVlanBytes) return kOutOfMemory;
  control = big_endian_at(packet, kEthernetBytes);
  const u16 protocol = encapsulated_protocol(packet);
  const u32 network = packet.network_offset();
  if (!packet.change_gap(kAddressBytes, -static_cast<s32>(kVlanBytes))) return kOutOfMemory;
  packet.set_network_offset(network >= kEthernetBytes + kVlanBytes ? network - kVlanBytes
                                                                   : kEthernetBytes);
  packet.set_field<u32>(SkbField::protocol, network_order(protocol));
  return 0;
}

}  // namespace

u64 skb_vlan_push(u64, u64 protocol, u64 control, u64, u64, void* execution) {
  Packet& packet = packet_of(execution);
  const u16 asked = network_order(static_cast<u16>(protocol));
  if (packet.field<u32>(SkbField::vlan_present) != 0) {
    if (packet.length() < kEthernetBytes) return failure(kInvalid);
    const u32 network = packet.network_offset();
    if (!packet.materialise_vlan()) return failure(kOutOfMemory);
    packet.set_network_offset(network);
  }
  set_tag(packet, {is_vlan(asked) ? asked : kEtherVlan, static_cast<u16>(control)});
  return 0;
}

u64 skb_vlan_pop(u64, u64, u64, u64, u64, void* execution) {
  Packet& packet = packet_of(execution);
  u16 control = 0;
  if (packet.field<u32>(SkbField::vlan_present) != 0) {
    clear_tag(packet);
  } else {
    if (!is_vlan(protocol_of(packet))) return 0;
    if (const s64 error = take_tag(packet, control); error != 0) return failure(error);
  }
  const u16 protocol = protocol_of(packet);  // the next tag comes out of the bytes
  if (!is_vlan(protocol)) return 0;
  if (const s64 error = take_tag(packet, control); error != 0) return failure(error);
  set_tag(packet, {protocol, control});
  return 0;
}

}  // namespace skep::runtime::helpers
