#include "runtime/live_memory.hpp"

#include <algorithm>

namespace skep::runtime {
namespace {

bool is_inside(u64 address, u32 bytes, u64 begin, u64 end) {
  return address >= begin && address <= end && bytes <= end - address;
}

}  // namespace

bool LiveMemory::is_in_packet(u64 address, u32 bytes, interpret::Touch touch) const {
  const platform::PacketContext& context = packet_->context();
  const u64 begin = reinterpret_cast<u64>(&context);
  // The pointers behind the fields are for reading only.
  const u64 context_bytes =
      touch == interpret::Touch::write ? context.fields.size() : sizeof(context);
  if (is_inside(address, bytes, begin, begin + context_bytes)) return true;
  return is_inside(address, bytes, context.data_meta, context.data_end);
}

bool LiveMemory::allows(u64 address, u32 bytes, interpret::Touch touch) {
  if (packet_ != nullptr && is_in_packet(address, bytes, touch)) return true;
  const u64 begin = reinterpret_cast<u64>(context_.data());
  if (is_inside(address, bytes, begin, begin + context_.size())) return true;
  return std::ranges::any_of(maps_, [&](const maps::Map& map) {
    const bool is_key = touch == interpret::Touch::read && map.has_key_at(address, bytes);
    return is_key || map.contains(address, bytes);
  });
}

}  // namespace skep::runtime
