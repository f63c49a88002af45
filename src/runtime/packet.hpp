// One packet in memory: its bytes with room to grow at both ends, and the context that programs see
// of it.
//
// In: captured bytes and what the capture says of them (Arrival). Out: a context to run programs
// on, and afterwards the bytes as the programs left them. A Packet is set up for each arrival
// without allocating: the bytes are copied into its frame, the context is stored, and only what the
// last program dirtied is cleared. A PacketArena holds many frames in one mapping, so that a batch
// is an array of Packets. Sizes and first values are those of the kernel's BPF_PROG_TEST_RUN
// (net/bpf/test_run.c), which is the oracle.
#pragma once

#include <algorithm>
#include <cstring>
#include <span>
#include <vector>

#include "base/mapping.hpp"
#include "platform/machine.hpp"
#include "platform/program_types.hpp"
#include "runtime/fields.hpp"

namespace skep::runtime {

// What stands at the first byte of a captured packet.
enum class Link : u8 { ethernet, none };  // none: an IP header

// skb->pkt_type.
enum class Destination : u8 {
  host,
  broadcast,
  multicast,
  other_host,
  outgoing,
  as_test_run,  // by the Ethernet header, on the kernel's loopback device: its address and its
                // broadcast are zeroes
  by_address    // by the Ethernet header, on a device that takes every packet: not to a group means
                // to this host
};

// What is known of a packet besides its bytes. Numbers are in host order.
struct Arrival {
  u32 wire_length =
      0;  // bytes on the wire, when the capture cut the packet; 0: as many as there are
  u32 interface_index = 1;
  u32 ingress_interface_index = 0;  // of __sk_buff; the kernel's test-run leaves it 0
  u16 protocol = 0;  // EtherType; 0: from the Ethernet header, or from the IP version
  Link link = Link::ethernet;
  Destination destination = Destination::as_test_run;
  u64 time_ns = 0;  // since the epoch; __sk_buff::tstamp. 0: unknown
};

class Packet {
 public:
  static constexpr u32 kHeadroomBytes = 256;  // XDP_PACKET_HEADROOM
  static constexpr u32 kLinearBytes =
      3520;  // of an XDP frame: a page less headroom and skb_shared_info
  static constexpr u32 kLengthMax = 65536 + 14;  // the largest packet: the loopback device's
  static constexpr u32 kFrameBytes =
      1065 * 64;  // odd in cache lines, so that the frames of a batch spread over sets
  static_assert(kFrameBytes >= kHeadroomBytes + kLengthMax);

  // `frame` is kFrameBytes of zeroed memory that outlives the Packet.
  explicit Packet(std::byte* frame);

  // Puts a new packet in: `bytes` (at most kLengthMax of them) as a program of `type` gets to see
  // them. For socket filters data starts at the first byte, as on a packet socket.
  void reset(platform::ProgramType type, std::span<const std::byte> bytes, const Arrival& arrival);

  // The same without a copy, for programs that leave packets as they are (may_change_packet()).
  // `bytes` stay where they are until the next packet is put in.
  void view(platform::ProgramType type, std::span<const std::byte> bytes, const Arrival& arrival);

  // What is in it now. For skb programs this is what BPF_PROG_TEST_RUN puts into data_out: a VLAN
  // tag that a program pushed as the outermost one is not among the bytes but in the context, as
  // the kernel keeps it.
  std::span<const std::byte> bytes() const {
    return {reinterpret_cast<const std::byte*>(context_.data), context_.data_end - context_.data};
  }
  u32 length() const { return static_cast<u32>(context_.data_end - context_.data); }
  // Its length on the wire: with what the capture left out. This is what __sk_buff::len says, as
  // for a packet of the kernel whose tail is not in the linear part; out-pcaps write it as the
  // original length.
  u32 wire_length() const { return length() + missing_; }

  // Moves a VLAN tag that is kept beside the packet into its bytes: what would go out on the wire.
  // False when there is no room, which changes nothing.
  bool materialise_vlan();

  platform::PacketContext& context() { return context_; }
  const platform::PacketContext& context() const { return context_; }

  // ---- for helpers
  // ------------------------------------------------------------------------------------------------

  // A number of the context, at its offset in struct xdp_md or __sk_buff.
  template <class T>
  T field(u32 offset) const {
    T value;
    std::memcpy(&value, context_.fields.data() + offset, sizeof(T));
    return value;
  }
  template <class T>
  void set_field(u32 offset, T value) {
    std::memcpy(context_.fields.data() + offset, &value, sizeof(T));
  }

  void set_bytes(u32 offset, std::span<const std::byte> bytes) {
    std::memcpy(context_.fields.data() + offset, bytes.data(), bytes.size());
  }

  u8* data() const { return reinterpret_cast<u8*>(context_.data); }
  u8* data_end() const { return reinterpret_cast<u8*>(context_.data_end); }
  u64 time_ns() const { return time_ns_; }  // of its arrival, 0 when unknown
  bool is_skb() const { return is_skb_; }
  // Bytes from data to the network header; 14 behind an Ethernet header.
  u32 network_offset() const { return static_cast<u32>(network_ - context_.data); }

  // Moves the first byte; the memory in front keeps its contents. Precondition: inside the frame,
  // not behind the end.
  void move_head(s64 distance);
  // Where metadata begins. Precondition: inside the frame, not behind data.
  void set_meta(u64 address);
  // Moves the end. New bytes are zero. Precondition: not in front of data, inside the buffer.
  void set_length(u32 length);
  // Makes room for `bytes` in front of data, moving the packet if it must. False when the frame is
  // too small.
  [[nodiscard]] bool reserve_head(u32 bytes);
  // Opens (bytes > 0) or closes (bytes < 0) a gap `offset` bytes behind data, moving what is in
  // front of it. The gap is zero. Precondition: `offset` (and the closed bytes behind it) inside
  // the packet. False when there is no room.
  [[nodiscard]] bool change_gap(u32 offset, s32 bytes);
  void set_network_offset(u32 bytes) { network_ = context_.data + bytes; }
  // Inside a tunnel header that a program has put around it; it can have only one.
  bool is_encapsulated() const { return is_encapsulated_; }
  void set_encapsulated() { is_encapsulated_ = true; }
  // A packet whose length a program has set has no part that the capture left out.
  void forget_missing() { missing_ = 0; }

 private:
  void place(platform::ProgramType type, const std::byte* first, std::span<const std::byte> bytes,
             const Arrival& arrival);
  void fill_xdp(const Arrival& arrival);
  void fill_skb(std::span<const std::byte> bytes, const Arrival& arrival);
  void note_move();  // keeps the context and `lowest_` true to the pointers

  platform::PacketContext context_;
  u64 network_ = 0;  // address of the network header
  u64 lowest_ = 0;   // the lowest byte in front of the first one that was ever inside the packet or
                     // its metadata
  std::byte* frame_;
  u64 time_ns_ = 0;
  u32 missing_ = 0;  // bytes on the wire that were not captured
  bool is_skb_ = false;
  bool is_encapsulated_ = false;
};

// ---- what is done for each packet of a capture, in line ----

inline void Packet::view(platform::ProgramType type, std::span<const std::byte> bytes,
                         const Arrival& arrival) {
  EXPECT(bytes.size() <= kLengthMax);
  place(type, bytes.data(), bytes, arrival);
  context_.buffer = context_.data;
  context_.buffer_end = context_.data_end;
}

// Everything but the bytes, which are at `first`.
inline void Packet::place(platform::ProgramType type, const std::byte* first,
                          std::span<const std::byte> bytes, const Arrival& arrival) {
  context_.data = context_.data_meta = reinterpret_cast<u64>(first);
  context_.data_end = context_.data + bytes.size();
  network_ = context_.data + (arrival.link == Link::ethernet ? kEthernetBytes : 0);
  missing_ =
      arrival.wire_length > bytes.size() ? arrival.wire_length - static_cast<u32>(bytes.size()) : 0;
  time_ns_ = arrival.time_ns;
  is_encapsulated_ = false;
  is_skb_ = type != platform::ProgramType::xdp;
  if (is_skb_) {
    fill_skb(bytes, arrival);
  } else {
    fill_xdp(arrival);
  }
}

inline void Packet::fill_xdp(const Arrival& arrival) {
  // A packet beyond one page is in fragments in the kernel; here it is in one piece that cannot
  // grow at its end.
  context_.buffer_end = context_.data + std::max<u64>(kLinearBytes, length());
  set_field<u32>(XdpField::ingress_ifindex, arrival.interface_index);
  set_field<u32>(XdpField::rx_queue_index, 0);
}

// Frames for a batch in one mapping.
class PacketArena {
 public:
  static Result<PacketArena> create(u32 packets);

  std::span<Packet> packets() { return packets_; }
  Packet& operator[](std::size_t at) { return packets_[at]; }

 private:
  explicit PacketArena(Mapping frames) : frames_(std::move(frames)) {}
  Mapping frames_;
  std::vector<Packet> packets_;
};

}  // namespace skep::runtime
