// Bytes into and out of an skb (net/core/filter.c). All of it is linear here: what the kernel would
// have to pull in first is there, and what is not there fails as it does past the end of the
// kernel's packet.
#include "runtime/fields.hpp"
#include "runtime/helpers/bodies.hpp"

namespace skep::runtime {
namespace {

// The kernel clears the target of a load that fails.
u64 load(const Packet& packet, u64 offset, u64 to, u32 bytes) {
  if (offset + bytes > packet.length()) {
    std::memset(memory_at<void>(to), 0, bytes);
    return failure(kFault);
  }
  std::memcpy(memory_at<void>(to), packet.data() + offset, bytes);
  return 0;
}

}  // namespace

namespace helpers {

u64 skb_store_bytes(u64, u64 offset, u64 from, u64 bytes, u64 flags, void* execution) {
  constexpr u64 kRecomputeChecksum = 1,
                kInvalidateHash = 2;  // the former concerns skb->csum, which is not kept here
  Packet& packet = packet_of(execution);
  const u64 at = static_cast<u32>(offset), size = static_cast<u32>(bytes);
  if ((flags & ~(kRecomputeChecksum | kInvalidateHash)) != 0) return failure(kInvalid);
  if (at + size > packet.length()) return failure(kFault);
  std::memmove(packet.data() + at, memory_at<void>(from), size);
  if ((flags & kInvalidateHash) != 0) packet.set_field<u32>(SkbField::hash, 0);
  return 0;
}

u64 skb_load_bytes(u64, u64 offset, u64 to, u64 bytes, u64, void* execution) {
  return load(packet_of(execution), static_cast<u32>(offset), to, static_cast<u32>(bytes));
}

u64 skb_load_bytes_relative(u64, u64 offset, u64 to, u64 bytes, u64 start, void* execution) {
  constexpr u32 kMac = 0, kNetwork = 1;  // BPF_HDR_START_*
  constexpr u64 kNowhere = ~u64{0} >> 1;
  const Packet& packet = packet_of(execution);
  u64 at = static_cast<u32>(offset);
  const u32 header = static_cast<u32>(start);
  if (at > 0xffff || header > kNetwork) at = kNowhere;
  if (header != kMac) at += packet.network_offset();
  return load(packet, at, to, static_cast<u32>(bytes));
}

u64 skb_pull_data(u64, u64 bytes, u64, u64, u64, void* execution) {
  return static_cast<u32>(bytes) > packet_of(execution).length() ? failure(kOutOfMemory) : 0;
}

}  // namespace helpers

// As bpf_skb_load_helper_*(): negative offsets count from the network header or the first byte.
s64 load_from_packet(u64, s32 offset, u32 bytes, void* execution) {
  constexpr s64 kFromNetwork = -0x100000, kFromLink = -0x200000;  // SKF_NET_OFF, SKF_LL_OFF
  const Packet& packet = packet_of(execution);
  s64 at = offset;
  if (offset < 0 && offset >= kFromNetwork) {
    at = offset - kFromNetwork + packet.network_offset();
  } else if (offset < 0) {
    at = offset - kFromLink;
  }
  if (at < 0 || at + bytes > packet.length()) return -1;
  s64 value = 0;
  for (u32 byte = 0; byte < bytes; ++byte) value = value << 8 | packet.data()[at + byte];
  return value;
}

}  // namespace skep::runtime
