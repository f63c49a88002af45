// The start of every map's segment.
//
// A segment is an ABI: only offsets from its first byte, tags and counters, all little numbers of
// fixed width, so that processes can map it at different addresses. Each kind's own fields follow
// in a struct that begins with this one (array.cpp, hash.cpp, percpu_array.cpp, prog_array.cpp,
// ring.cpp). A change of any layout changes kVersion.
//
//   offset  bytes  field
//        0      4  magic    "skep" as text
//        4      2  version
//        6      2  kind     a platform::MapKind
//        8     16  key_size, value_size, max_entries, flags    as in the MapSpec
//       24      4  stride   bytes from a value to the next one; of a hash: from element to element
//       28      4  (zero)
//       32      8  bytes    of the whole segment
//       40      8  values   offset of the first value; of a hash: of its first element
//       64      8  lost     updates or reservations that found the map full
//       72      8  count    elements that are there; only of hashes
#pragma once

#include <atomic>

#include "base/mapping.hpp"
#include "maps/map.hpp"
#include "platform/map_kinds.hpp"

namespace skep::maps {

inline constexpr u32 kMagic = 0x70656b73;  // "skep", little-endian
inline constexpr u16 kVersion = 1;
inline constexpr u64 kLineBytes = 64;
inline constexpr u64 kPageBytes = 4096;

struct Header {
  u32 magic;
  u16 version;
  u16 kind;
  u32 key_size;
  u32 value_size;
  u32 max_entries;
  u32 flags;
  u32 stride;
  u32 zero;
  u64 bytes;
  u64 values;
  alignas(kLineBytes) std::atomic<u64> lost;
  std::atomic<u64> count;
};
static_assert(sizeof(Header) == 128 && offsetof(Header, values) == 40);
static_assert(std::atomic<u64>::is_always_lock_free, "atomics in a segment work between processes");

constexpr u64 rounded_up(u64 value, u64 unit) { return (value + unit - 1) / unit * unit; }

// The bytes at `offset` of the segment.
inline std::byte* at(Header& map, u64 offset) {
  return reinterpret_cast<std::byte*>(&map) + offset;
}
inline const std::byte* at(const Header& map, u64 offset) {
  return reinterpret_cast<const std::byte*>(&map) + offset;
}

// A fresh mapping of zeroes becomes a segment: fills what every kind has.
inline Header& begin_segment(Mapping& segment, const platform::MapSpec& spec, u64 values,
                             u32 stride) {
  auto& map = *reinterpret_cast<Header*>(segment.writable().data());
  map.magic = kMagic;
  map.version = kVersion;
  map.kind = static_cast<u16>(spec.kind);
  map.key_size = spec.key_size;
  map.value_size = spec.value_size;
  map.max_entries = spec.max_entries;
  map.flags = spec.flags;
  map.stride = stride;
  map.bytes = segment.size();
  map.values = values;
  return map;
}

}  // namespace skep::maps
