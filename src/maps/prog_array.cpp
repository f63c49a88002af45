// Program arrays: where tail calls go.
//
//   offset  bytes  field
//        0    128  Header                  stride: 16
//     4096      -  entries                 max_entries of {u64 target, u64 id}
//
// A target is an address in the process that runs the programs: the one kind of map whose contents
// cannot be shared. Its id is what a reader of the map sees; an entry without a target is not there
// (kernel/bpf/arraymap.c, fd_array).
#include "maps/kinds.hpp"
#include "maps/words.hpp"

namespace skep::maps {
namespace {

struct Entry {
  std::atomic<u64> target;
  std::atomic<u64> id;
};
static_assert(sizeof(Entry) == 16);

Entry* entry(Header& map, u64 index) {
  return index < map.max_entries ? reinterpret_cast<Entry*>(at(map, map.values)) + index : nullptr;
}

}  // namespace

const void* prog_at(const Header& map, u64 index) {
  const Entry* found = entry(const_cast<Header&>(map), index);
  return found != nullptr
             ? reinterpret_cast<const void*>(found->target.load(std::memory_order_acquire))
             : nullptr;
}

Result<Mapping> ProgArrayMap::create(const platform::MapSpec& spec, u64) {
  Mapping segment = TRY(Mapping::of_memory(kPageBytes + u64{spec.max_entries} * sizeof(Entry)));
  begin_segment(segment, spec, kPageBytes, sizeof(Entry));
  return segment;
}

s64 ProgArrayMap::erase(Header& map, const void* key) {
  Entry* found = entry(map, index_at(key));
  if (found == nullptr) return kTooBig;
  return found->target.exchange(0, std::memory_order_acq_rel) != 0 ? 0 : kNoEntry;
}

Copied ProgArrayMap::lookup_copy(Header& map, const void* key) {
  const Entry* found = entry(map, index_at(key));
  if (found == nullptr || found->target.load(std::memory_order_acquire) == 0) return std::nullopt;
  const u32 id = static_cast<u32>(found->id.load(std::memory_order_relaxed));
  std::vector<std::byte> copy(sizeof(id));
  std::memcpy(copy.data(), &id, sizeof(id));
  return copy;
}

u64 ProgArrayMap::count(const Header& map) {
  u64 programs = 0;
  for (u32 index = 0; index < map.max_entries; ++index) programs += prog_at(map, index) != nullptr;
  return programs;
}

void ProgArrayMap::set(Header& map, u32 index, const void* target, u32 id) {
  Entry* found = entry(map, index);
  EXPECT(found != nullptr);
  found->id.store(id, std::memory_order_relaxed);
  found->target.store(reinterpret_cast<u64>(target), std::memory_order_release);
}

}  // namespace skep::maps
