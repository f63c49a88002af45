#include "runtime/packet.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "runtime/fields.hpp"

namespace skep::runtime {
namespace {

u64 address_of(const std::byte* at) { return reinterpret_cast<u64>(at); }

be16 be16_at(std::span<const std::byte> bytes, std::size_t at) {
  be16 value;
  std::memcpy(&value, bytes.data() + at, sizeof(value));
  return value;
}

// The EtherType as eth_type_trans() in net/ethernet/eth.c finds it: old length fields become 802.2
// or 802.3.
u16 ethernet_protocol(std::span<const std::byte> bytes) {
  constexpr u16 kLowestType = 0x0600, k8023 = 0x0001, k8022 = 0x0004, kNovell = 0xffff;
  if (bytes.size() < kEthernetBytes) return 0;
  const u16 type = be16_at(bytes, 12);
  if (type >= kLowestType) return type;
  return bytes.size() >= kEthernetBytes + 2 && be16_at(bytes, kEthernetBytes) == kNovell ? k8023
                                                                                         : k8022;
}

u16 ip_protocol(std::span<const std::byte> bytes) {
  if (bytes.empty()) return 0;
  const u8 version = std::to_integer<u8>(bytes[0]) >> 4;
  return version == 4 ? kEtherIpv4 : version == 6 ? kEtherIpv6 : 0;
}

// eth_type_trans() again.
Destination destination_of(std::span<const std::byte> bytes, const Arrival& arrival) {
  if (arrival.destination < Destination::as_test_run) return arrival.destination;
  if (arrival.link == Link::none || bytes.size() < 6) return Destination::host;
  const auto address = bytes.first(6);
  const auto all_are = [&](u8 value) {
    return std::ranges::all_of(address, [&](std::byte b) { return b == std::byte{value}; });
  };
  const bool is_group = (std::to_integer<u8>(address[0]) & 1) != 0;
  if (arrival.destination == Destination::as_test_run) {
    return is_group     ? Destination::multicast
           : all_are(0) ? Destination::host
                        : Destination::other_host;
  }
  if (!is_group) return Destination::host;
  return all_are(0xff) ? Destination::broadcast : Destination::multicast;
}

}  // namespace

Packet::Packet(std::byte* frame) : frame_(frame) {
  context_.buffer = address_of(frame);
  context_.data = context_.data_end = context_.data_meta = network_ = lowest_ =
      address_of(frame) + kHeadroomBytes;
}

void Packet::reset(platform::ProgramType type, std::span<const std::byte> bytes,
                   const Arrival& arrival) {
  EXPECT(bytes.size() <= kLengthMax);
  std::byte* const first = frame_ + kHeadroomBytes;
  if (lowest_ < address_of(first)) {
    std::memset(reinterpret_cast<void*>(lowest_), 0, address_of(first) - lowest_);
  }
  if (!bytes.empty()) std::memcpy(first, bytes.data(), bytes.size());
  lowest_ = address_of(first);
  context_.buffer = address_of(frame_);
  place(type, first, bytes, arrival);
}

void Packet::fill_skb(std::span<const std::byte> bytes, const Arrival& arrival) {
  context_.buffer_end = context_.buffer + kFrameBytes;
  context_.fields = {};
  const bool ethernet = arrival.link == Link::ethernet;
  const u16 protocol = arrival.protocol != 0 ? arrival.protocol
                       : ethernet            ? ethernet_protocol(bytes)
                                             : ip_protocol(bytes);
  set_field<u32>(SkbField::len, wire_length());
  set_field<u32>(SkbField::pkt_type, static_cast<u32>(destination_of(bytes, arrival)));
  set_field<u32>(SkbField::protocol, network_order(protocol));
  set_field<u32>(SkbField::ingress_ifindex, arrival.ingress_interface_index);
  set_field<u32>(SkbField::ifindex, arrival.interface_index);
  set_field<u64>(SkbField::tstamp, arrival.time_ns);
  set_field<u32>(SkbField::wire_len, wire_length());
}

void Packet::note_move() {
  lowest_ = std::min({lowest_, context_.data, context_.data_meta});
  if (is_skb_) set_field<u32>(SkbField::len, wire_length());
}

void Packet::move_head(s64 distance) {
  const u64 data = context_.data + static_cast<u64>(distance);
  EXPECT(data >= context_.buffer && data <= context_.data_end);
  context_.data = data;
  if (is_skb_) context_.data_meta = data;
  note_move();
}

void Packet::set_meta(u64 address) {
  EXPECT(address >= context_.buffer && address <= context_.data);
  context_.data_meta = address;
  note_move();
}

void Packet::set_length(u32 length) {
  const u64 end = context_.data + length;
  EXPECT(end <= context_.buffer_end);
  if (end > context_.data_end) {
    std::memset(reinterpret_cast<void*>(context_.data_end), 0, end - context_.data_end);
  }
  context_.data_end = end;
  note_move();
}

bool Packet::reserve_head(u32 bytes) {
  const u64 headroom = context_.data - context_.buffer;
  if (bytes <= headroom) return true;
  const u64 distance = bytes - headroom;
  if (distance > context_.buffer_end - context_.data_end) return false;
  std::memmove(data() + distance, data(), length());
  context_.data += distance;
  context_.data_meta = context_.data;
  context_.data_end += distance;
  network_ += distance;
  return true;
}

bool Packet::change_gap(u32 offset, s32 bytes) {
  if (bytes > 0) {
    if (!reserve_head(static_cast<u32>(bytes))) return false;
    move_head(-s64{bytes});
    std::memmove(data(), data() + bytes, offset);
    std::memset(data() + offset, 0, static_cast<u32>(bytes));
    return true;
  }
  const u32 closed = static_cast<u32>(-s64{bytes});
  EXPECT(u64{offset} + closed <= length());
  std::memmove(data() + closed, data(), offset);
  move_head(closed);
  return true;
}

bool Packet::materialise_vlan() {
  constexpr u32 kAddresses = 12;
  if (!is_skb_ || field<u32>(SkbField::vlan_present) == 0 || length() < kAddresses) return true;
  if (!change_gap(kAddresses, kVlanBytes)) return false;
  const auto protocol = static_cast<u16>(field<u32>(SkbField::vlan_proto));
  const u16 tag = network_order(static_cast<u16>(field<u32>(SkbField::vlan_tci)));
  std::memcpy(data() + kAddresses, &protocol, sizeof(protocol));
  std::memcpy(data() + kAddresses + 2, &tag, sizeof(tag));
  set_field<u32>(SkbField::protocol, protocol);
  for (const u32 field : {SkbField::vlan_present, SkbField::vlan_tci, SkbField::vlan_proto})
    set_field<u32>(field, 0);
  return true;
}

Result<PacketArena> PacketArena::create(u32 packets) {
  PacketArena arena(TRY(Mapping::of_memory(u64{packets} * Packet::kFrameBytes)));
  arena.packets_.reserve(packets);
  std::byte* frame = arena.frames_.writable().data();
  for (u32 at = 0; at < packets; ++at, frame += Packet::kFrameBytes)
    arena.packets_.emplace_back(frame);
  return arena;
}

}  // namespace skep::runtime
