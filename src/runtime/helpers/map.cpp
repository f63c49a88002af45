#include "maps/map.hpp"

#include "runtime/helpers/bodies.hpp"

namespace skep::runtime::helpers {

u64 map_lookup_elem(u64 map, u64 key, u64, u64, u64, void* execution) {
  void* value = maps::lookup(*memory_at<maps::Header>(map), memory_at<void>(key),
                             execution_of(execution).cpu);
  return reinterpret_cast<u64>(value);
}

u64 map_update_elem(u64 map, u64 key, u64 value, u64 flags, u64, void* execution) {
  return failure(maps::update(*memory_at<maps::Header>(map), memory_at<void>(key),
                              memory_at<void>(value), static_cast<platform::Update>(flags),
                              execution_of(execution).cpu));
}

u64 map_delete_elem(u64 map, u64 key, u64, u64, u64, void*) {
  return failure(maps::erase(*memory_at<maps::Header>(map), memory_at<void>(key)));
}

u64 walk_map(u64 map, u64 walk, u64, u64, u64, void* execution) {
  void* value = maps::walk(*memory_at<maps::Header>(map), *memory_at<maps::Walk>(walk),
                           execution_of(execution).cpu);
  return reinterpret_cast<u64>(value);
}

}  // namespace skep::runtime::helpers
