// Per-CPU arrays: an array for each CPU slot, in cache lines of its own.
//
//   offset  bytes  field
//        0    128  Header                  stride: value_size rounded up to 8
//      128      8  slot_bytes              from one slot's array to the next, whole cache lines
//     4096      -  values                  kCpuSlots * slot_bytes
//
// A slot belongs to one running thread, so that its counters are exact with plain additions and
// share no cache line with other slots. Owners read and write an element's values of all slots in a
// row, as with bpf(2).
#include "maps/kinds.hpp"
#include "maps/words.hpp"

namespace skep::maps {
namespace {

struct Percpu {
  Header common;
  u64 slot_bytes;
};
static_assert(offsetof(Percpu, slot_bytes) == 128);

u64 slot_bytes_of(const Header& map) { return reinterpret_cast<const Percpu&>(map).slot_bytes; }

u64 value_offset(const Header& map, u32 index, u32 cpu) {
  return map.values + cpu * slot_bytes_of(map) + u64{index} * map.stride;
}

}  // namespace

Result<Mapping> PercpuArrayMap::create(const platform::MapSpec& spec, u64) {
  const u64 stride = rounded_up(spec.value_size, 8);
  const u64 slot_bytes = rounded_up(stride * spec.max_entries, kLineBytes);
  Mapping segment = TRY(Mapping::of_memory(kPageBytes + slot_bytes * kCpuSlots));
  Header& map = begin_segment(segment, spec, kPageBytes, static_cast<u32>(stride));
  reinterpret_cast<Percpu&>(map).slot_bytes = slot_bytes;
  return segment;
}

void* PercpuArrayMap::lookup(Header& map, const void* key, u32 cpu) {
  const u32 index = index_at(key);
  if (index >= map.max_entries) return nullptr;
  return at(map, value_offset(map, index, cpu));
}

s64 PercpuArrayMap::update(Header& map, const void* key, const void* value, platform::Update flags,
                           u32 cpu) {
  const s64 error = check_array_update(map, index_at(key), flags);
  if (error == 0) copy_in(lookup(map, key, cpu), value, map.value_size);
  return error;
}

Copied PercpuArrayMap::lookup_copy(Header& map, const void* key) {
  const u32 index = index_at(key);
  if (index >= map.max_entries) return std::nullopt;
  std::vector<std::byte> copy(user_value_size(map));
  for (u32 cpu = 0; cpu < kCpuSlots; ++cpu) {
    copy_out(copy.data() + u64{cpu} * map.stride, at(map, value_offset(map, index, cpu)),
             map.value_size);
  }
  return copy;
}

s64 PercpuArrayMap::update_all(Header& map, const void* key, const void* value,
                               platform::Update flags) {
  const u32 index = index_at(key);
  const s64 error = check_array_update(map, index, flags);
  if (error != 0) return error;
  for (u32 cpu = 0; cpu < kCpuSlots; ++cpu) {
    const void* of_slot = static_cast<const std::byte*>(value) + u64{cpu} * map.stride;
    copy_in(at(map, value_offset(map, index, cpu)), of_slot, map.value_size);
  }
  return 0;
}

platform::ArrayShape PercpuArrayMap::shape(const Header& map) {
  return {reinterpret_cast<u64>(at(map, map.values)), map.stride, map.max_entries,
          slot_bytes_of(map)};
}

void* PercpuArrayMap::walk(Header& map, Walk& walk, u32 cpu) {
  return walk_on(map, walk) ? lookup(map, &walk.count, cpu) : nullptr;
}

bool PercpuArrayMap::contains(const Header& map, u64 address, u32 bytes) {
  const u64 slot_bytes = slot_bytes_of(map);
  const u64 offset = address - reinterpret_cast<u64>(at(map, map.values));
  if (offset >= slot_bytes * kCpuSlots) return false;
  const u64 in_slot = offset % slot_bytes;
  return in_slot < u64{map.max_entries} * map.stride &&
         in_slot % map.stride + bytes <= map.value_size;
}

}  // namespace skep::maps
