// bpf_xdp_*: the packet in one page, with 256 bytes in front (net/core/filter.c).
#include "runtime/fields.hpp"
#include "runtime/helpers/bodies.hpp"

namespace skep::runtime::helpers {
namespace {

constexpr u64 kFrameHeaderBytes = 40;  // struct xdp_frame, which stands in front of the headroom
constexpr u64 kMetaBytesMax = 255;     // skb_shared_info::meta_len has 8 bits

// `bytes` at `offset` of the packet, or the error. Offsets and sizes beyond 64 KiB are another
// error than ends.
s64 check_range(const Packet& packet, u32 offset, u32 bytes) {
  if (offset > 0xffff || bytes > 0xffff) return kFault;
  return offset + bytes > packet.length() ? kInvalid : 0;
}

}  // namespace

u64 xdp_adjust_head(u64, u64 offset, u64, u64, u64, void* execution) {
  Packet& packet = packet_of(execution);
  const platform::PacketContext& context = packet.context();
  const s64 distance = static_cast<s32>(offset);
  const u64 meta_bytes = context.data - context.data_meta;
  const u64 data = context.data + static_cast<u64>(distance);
  if (data < context.buffer + kFrameHeaderBytes + meta_bytes) return failure(kInvalid);
  if (data + kEthernetBytes > context.data_end) return failure(kInvalid);
  const u64 old_meta = context.data_meta;
  packet.move_head(distance);
  packet.set_meta(data - meta_bytes);
  std::memmove(memory_at<void>(data - meta_bytes), memory_at<void>(old_meta), meta_bytes);
  return 0;
}

u64 xdp_adjust_tail(u64, u64 offset, u64, u64, u64, void* execution) {
  Packet& packet = packet_of(execution);
  const s64 length = s64{packet.length()} + static_cast<s32>(offset);
  const u64 room = packet.context().buffer_end - packet.context().data;
  if (length > static_cast<s64>(room) || length < s64{kEthernetBytes}) return failure(kInvalid);
  packet.set_length(static_cast<u32>(length));
  return 0;
}

u64 xdp_adjust_meta(u64, u64 offset, u64, u64, u64, void* execution) {
  Packet& packet = packet_of(execution);
  const platform::PacketContext& context = packet.context();
  const u64 meta = context.data_meta + static_cast<u64>(s64{static_cast<s32>(offset)});
  if (meta < context.buffer + kFrameHeaderBytes || meta > context.data) return failure(kInvalid);
  const u64 bytes = context.data - meta;
  if (bytes % 4 != 0 || bytes > kMetaBytesMax) return failure(kNoAccess);
  packet.set_meta(meta);
  return 0;
}

u64 xdp_get_buff_len(u64, u64, u64, u64, u64, void* execution) {
  return packet_of(execution).wire_length();
}

u64 xdp_load_bytes(u64, u64 offset, u64 to, u64 bytes, u64, void* execution) {
  const Packet& packet = packet_of(execution);
  const s64 error = check_range(packet, static_cast<u32>(offset), static_cast<u32>(bytes));
  if (error == 0)
    std::memcpy(memory_at<void>(to), packet.data() + static_cast<u32>(offset),
                static_cast<u32>(bytes));
  return failure(error);
}

u64 xdp_store_bytes(u64, u64 offset, u64 from, u64 bytes, u64, void* execution) {
  const Packet& packet = packet_of(execution);
  const s64 error = check_range(packet, static_cast<u32>(offset), static_cast<u32>(bytes));
  if (error == 0)
    std::memmove(packet.data() + static_cast<u32>(offset), memory_at<void>(from),
                 static_cast<u32>(bytes));
  return failure(error);
}

}  // namespace skep::runtime::helpers
