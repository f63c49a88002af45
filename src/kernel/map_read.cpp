// Reading whole maps: by batches where the kernel has them for the kind, else element by element.
//
// A batch may fail in the middle: of a trie whose elements others take away meanwhile (EAGAIN), or
// for want of memory. The rest is then read element by element from the last key on; what that
// cannot read either is an error, and not the end of the map.
#include <algorithm>
#include <cerrno>

#include "base/text.hpp"
#include "kernel/map.hpp"

namespace skep::kernel {
namespace {

using platform::address_of;

// A hash gives what it has by buckets, and one that is larger than the room needs more of it.
constexpr u64 kBatchBytes = 1 << 18;
constexpr u64 kBatchBytesMax = u64{1} << 28;
constexpr u64 kBatchElementsMax = 4096;

}  // namespace

// Where the kernel puts a batch, and how far the reading is.
struct Map::Room {
  explicit Room(const Map& map)
      : key_bytes(map.spec_.key_size),
        value_bytes(map.user_value_size()),
        place(std::max<u64>(key_bytes, sizeof(u64))) {
    const u64 most = std::min<u64>(kBatchElementsMax, std::max(1u, map.spec_.max_entries));
    elements = std::clamp<u64>(kBatchBytes / std::max<u64>(1, element_bytes()), 1, most);
  }

  u64 element_bytes() const { return key_bytes + value_bytes; }
  bool can_grow() const { return elements * element_bytes() < kBatchBytesMax; }

  s64 fill(const Fd& fd) {
    keys.resize(elements * key_bytes);
    values.resize(elements * value_bytes);
    platform::Batch batch{};
    batch.map_fd = static_cast<u32>(fd.get());
    batch.in_batch = read == 0 ? 0 : address_of(place.data());
    batch.out_batch = address_of(place.data());
    batch.keys = address_of(keys.data());
    batch.values = address_of(values.data());
    batch.count = static_cast<u32>(elements);
    const s64 returned = bpf(Command::lookup_batch, batch);
    filled = std::min<u64>(batch.count, elements);
    return returned;
  }
  u64 hand_out(const Each& each) {
    for (u64 at = 0; at < filled; ++at) each(key(at), value(at));
    if (filled != 0) last.assign(key(filled - 1).begin(), key(filled - 1).end());
    read += filled;
    return filled;
  }
  std::span<const std::byte> key(u64 at) const {
    return std::span(keys).subspan(at * key_bytes, key_bytes);
  }
  std::span<const std::byte> value(u64 at) const {
    return std::span(values).subspan(at * value_bytes, value_bytes);
  }

  u64 elements = 0, key_bytes, value_bytes;
  std::vector<std::byte> keys{}, values{}, place;
  Key last{};  // of those that were handed out
  u64 read = 0, filled = 0;
};

Result<void> Map::for_each(const Each& each) const {
  Room room(*this);
  const bool has_keys = spec_.key_size != 0 && spec_.max_entries != 0;
  if (has_keys && read_batches(room, each)) return {};
  auto walked = walk(room, each);
  if (walked.ok() || walked.error().fault == Fault::unsupported) return {};
  return std::move(walked).error().within(
      format("after {} of at most {} elements", room.read, spec_.max_entries));
}

// Whether that was all of it.
bool Map::read_batches(Room& room, const Each& each) const {
  while (room.read < spec_.max_entries) {
    const s64 returned = room.fill(fd_);
    if (returned == -ENOSPC && room.can_grow()) {
      room.elements *= 2;
      continue;
    }
    const bool is_over = returned == -ENOENT;
    if (returned < 0 && !is_over) return false;
    if (room.hand_out(each) == 0 || is_over) return true;
  }
  return true;
}

// From the last key that was handed out. Whoever writes meanwhile could send a walk around for
// ever: it ends when there were as many elements as the map can have.
Result<void> Map::walk(Room& room, const Each& each) const {
  for (auto key = TRY(key_after(room.last)); key && room.read < spec_.max_entries; ++room.read) {
    const auto value = lookup_copy(*key);
    if (value.ok()) {
      each(*key, *value);
    } else if (value.error().fault == Fault::denied) {
      return value.error();
    }
    key = TRY(key_after(room.last = std::move(*key)));
  }
  return {};
}

u64 Map::count() const {
  u64 present = 0;
  (void)for_each([&](auto, auto) { ++present; });  // what cannot be read does not count
  return present;
}

}  // namespace skep::kernel
