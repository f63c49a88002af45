// Making room in an skb, at its ends and behind its headers (net/core/filter.c).
#include "runtime/fields.hpp"
#include "runtime/helpers/bodies.hpp"

namespace skep::runtime::helpers {
namespace {

constexpr u32 kSkbBytesMax = 4 * 4096 - 320;  // SKB_MAX_ALLOC: four pages less skb_shared_info

// BPF_F_ADJ_ROOM_*
constexpr u64 kFixedGso = 1, kEncapIpv4 = 2, kEncapIpv6 = 4, kEncapGre = 8, kEncapUdp = 16,
              kKeepChecksum = 32, kEncapEthernet = 64, kDecapIpv4 = 128, kDecapIpv6 = 256;
constexpr u64 kInnerMacShift = 56;
constexpr u64 kEncap = kEncapIpv4 | kEncapIpv6, kDecap = kDecapIpv4 | kDecapIpv6;
constexpr u64 kKnown = kFixedGso | kEncap | kEncapGre | kEncapUdp | kKeepChecksum | kEncapEthernet |
                       kDecap | u64{0xff} << kInnerMacShift;

// What a grow with an encapsulation flag demands of the others.
s64 check_encapsulation(const Packet& packet, u32 bytes, u64 flags) {
  const u32 inner_mac_bytes = static_cast<u32>(flags >> kInnerMacShift);
  if ((flags & kEncap) == kEncap) return kInvalid;
  if ((flags & kEncapGre) != 0 && (flags & kEncapUdp) != 0) return kInvalid;
  if ((flags & kEncapEthernet) != 0 && inner_mac_bytes < kEthernetBytes) return kInvalid;
  if (packet.is_encapsulated()) return kAlready;
  return inner_mac_bytes > bytes ? kInvalid : 0;
}

void change_protocol(Packet& packet, u16 protocol) {
  packet.set_field<u32>(SkbField::protocol, network_order(protocol));
}

s64 grow(Packet& packet, u32 offset, u32 bytes, u64 flags) {
  if ((flags & kEncap) != 0) {
    const s64 error = check_encapsulation(packet, bytes, flags);
    if (error != 0) return error;
  }
  const u32 network = packet.network_offset();
  if (offset > packet.length() || !packet.change_gap(offset, static_cast<s32>(bytes)))
    return kOutOfMemory;
  packet.set_network_offset(network);
  if ((flags & kEncap) == 0) return 0;
  packet.set_encapsulated();
  change_protocol(packet, (flags & kEncapIpv6) != 0 ? kEtherIpv6 : kEtherIpv4);
  return 0;
}

s64 shrink(Packet& packet, u32 offset, u32 bytes, u64 flags) {
  if ((flags & ~(kFixedGso | kDecap | kKeepChecksum)) != 0) return kInvalid;
  if (offset + bytes > packet.length()) return kOutOfMemory;
  const u32 network = packet.network_offset();
  if (!packet.change_gap(offset, -static_cast<s32>(bytes))) return kOutOfMemory;
  packet.set_network_offset(network);
  if ((flags & kDecapIpv6) != 0) change_protocol(packet, kEtherIpv6);
  if ((flags & kDecapIpv4) != 0) change_protocol(packet, kEtherIpv4);
  return 0;
}

}  // namespace

u64 skb_change_head(u64, u64 room, u64 flags, u64, u64, void* execution) {
  Packet& packet = packet_of(execution);
  const u32 bytes = static_cast<u32>(room);
  if (flags != 0 || u64{packet.wire_length()} + bytes > kSkbBytesMax) return failure(kInvalid);
  return packet.change_gap(0, static_cast<s32>(bytes)) ? 0 : failure(kOutOfMemory);
}

u64 skb_change_tail(u64, u64 length, u64 flags, u64, u64, void* execution) {
  Packet& packet = packet_of(execution);
  const u32 bytes = static_cast<u32>(length);
  if (flags != 0 || bytes > kSkbBytesMax || bytes < packet.network_offset())
    return failure(kInvalid);
  if (packet.is_encapsulated()) return failure(kNotSupported);
  packet.forget_missing();
  packet.set_length(bytes);
  return 0;
}

u64 skb_adjust_room(u64, u64 difference, u64 mode, u64 flags, u64, void* execution) {
  constexpr u32 kBehindNetwork = 0, kBehindMac = 1;  // BPF_ADJ_ROOM_NET, BPF_ADJ_ROOM_MAC
  Packet& packet = packet_of(execution);
  const s64 change = static_cast<s32>(difference);
  const u32 bytes = static_cast<u32>(change < 0 ? -change : change);
  if ((flags & ~kKnown) != 0) return failure(kInvalid);
  if (bytes > 0xfff) return failure(kFault);
  const u16 protocol = protocol_of(packet);
  if (protocol != kEtherIpv4 && protocol != kEtherIpv6) return failure(kNotSupported);
  const u32 header = protocol == kEtherIpv4 ? kIpv4Bytes : kIpv6Bytes;
  if (static_cast<u32>(mode) > kBehindMac) return failure(kNotSupported);
  const u32 offset =
      packet.network_offset() + (static_cast<u32>(mode) == kBehindNetwork ? header : 0);
  u32 least = header;
  if ((flags & kDecap) != 0) {
    if (change >= 0 || (flags & kDecap) == kDecap) return failure(kInvalid);
    least = (flags & kDecapIpv4) != 0 ? kIpv4Bytes : kIpv6Bytes;
  }
  const u32 now = packet.wire_length() - packet.network_offset();
  if (change < 0 && (bytes >= now || now - bytes < least)) return failure(kNotSupported);
  if (change >= 0 && packet.wire_length() + bytes > kSkbBytesMax) return failure(kNotSupported);
  return failure(change < 0 ? shrink(packet, offset, bytes, flags)
                            : grow(packet, offset, bytes, flags));
}

}  // namespace skep::runtime::helpers
