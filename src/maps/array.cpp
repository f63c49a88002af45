// Arrays: values side by side, each rounded up to 8 bytes; an index is an address by one
// multiplication.
//
//   offset  bytes  field
//        0    128  Header                  stride: value_size rounded up to 8
//     4096      -  values                  max_entries * stride, on pages of their own
//
// Every element exists from the start and cannot be deleted (kernel/bpf/arraymap.c).
#include "maps/kinds.hpp"
#include "maps/words.hpp"

namespace skep::maps {

u32 index_at(const void* key) {
  u32 index;
  std::memcpy(&index, key, sizeof(index));
  return index;
}

s64 check_array_update(const Header& map, u32 index, platform::Update flags) {
  const u64 bits = static_cast<u64>(flags);
  if ((bits & ~kSpinLockFlag) > kUpdateFlagsMax) return kInvalid;
  if (index >= map.max_entries) return kTooBig;
  if ((bits & static_cast<u64>(platform::Update::only_new)) != 0) return kExists;
  return (bits & kSpinLockFlag) != 0 ? kInvalid : 0;
}

std::optional<std::vector<std::byte>> next_index(const Header& map,
                                                 std::span<const std::byte> key) {
  u32 next = 0;
  if (!key.empty()) {
    const u32 index = index_at(key.data());
    if (index == map.max_entries - 1) return std::nullopt;
    next = index < map.max_entries ? index + 1 : 0;
  }
  std::vector<std::byte> found(sizeof(next));
  std::memcpy(found.data(), &next, sizeof(next));
  return found;
}

Result<Mapping> ArrayMap::create(const platform::MapSpec& spec, u64) {
  const u64 stride = rounded_up(spec.value_size, 8);
  Mapping segment = TRY(Mapping::of_memory(kPageBytes + stride * spec.max_entries));
  Header& map = begin_segment(segment, spec, kPageBytes, static_cast<u32>(stride));
  if (!spec.initial.empty())
    std::memcpy(at(map, map.values), spec.initial.data(), spec.initial.size());
  return segment;
}

void* ArrayMap::lookup(Header& map, const void* key, u32) {
  const u32 index = index_at(key);
  if (index >= map.max_entries) return nullptr;
  return at(map, map.values + u64{index} * map.stride);
}

s64 ArrayMap::update(Header& map, const void* key, const void* value, platform::Update flags,
                     u32 cpu) {
  const s64 error = check_array_update(map, index_at(key), flags);
  if (error == 0) copy_in(lookup(map, key, cpu), value, map.value_size);
  return error;
}

Copied ArrayMap::lookup_copy(Header& map, const void* key) {
  const void* value = lookup(map, key, 0);
  if (value == nullptr) return std::nullopt;
  std::vector<std::byte> copy(map.value_size);
  copy_out(copy.data(), value, map.value_size);
  return copy;
}

s64 ArrayMap::update_all(Header& map, const void* key, const void* value, platform::Update flags) {
  return update(map, key, value, flags, 0);
}

platform::ArrayShape ArrayMap::shape(const Header& map) {
  return {reinterpret_cast<u64>(at(map, map.values)), map.stride, map.max_entries};
}

bool ArrayMap::contains(const Header& map, u64 address, u32 bytes) {
  const u64 offset = address - reinterpret_cast<u64>(at(map, map.values));
  if (offset >= u64{map.max_entries} * map.stride) return false;
  return offset % map.stride + bytes <= map.value_size;
}

// The index of an element is its key: it stands in `count` while the callback has it.
bool walk_on(const Header& map, Walk& walk) {
  if (walk.next >= map.max_entries) return false;
  walk.count = walk.next++;
  walk.key = reinterpret_cast<u64>(&walk.count);
  return true;
}

void* ArrayMap::walk(Header& map, Walk& walk, u32 cpu) {
  return walk_on(map, walk) ? lookup(map, &walk.count, cpu) : nullptr;
}

}  // namespace skep::maps
