// bpf_arena_*: the functions of the kernel for pages of an arena (kernel/bpf/arena.c). Here is what
// they make of their arguments; the pages are those of maps/arena.cpp.
#include "maps/map.hpp"
#include "runtime/helpers/bodies.hpp"

namespace skep::runtime::helpers {
namespace {

// NUMA_NO_NODE, and the one that get_numa_node_id() names.
constexpr s32 kAnyNode = -1, kOnlyNode = 0;

}  // namespace

u64 arena_alloc_pages(u64 map, u64 address, u64 count, u64 node, u64 flags, void*) {
  const auto wanted = static_cast<s32>(static_cast<u32>(node));
  if (flags != 0 || (wanted != kAnyNode && wanted != kOnlyNode)) return 0;
  return maps::arena_alloc(*memory_at<maps::Header>(map), address, static_cast<u32>(count));
}

u64 arena_free_pages(u64 map, u64 address, u64 count, u64, u64, void*) {
  maps::arena_free(*memory_at<maps::Header>(map), address, static_cast<u32>(count));
  return 0;
}

u64 arena_reserve_pages(u64 map, u64 address, u64 count, u64, u64, void*) {
  return failure(
      maps::arena_reserve(*memory_at<maps::Header>(map), address, static_cast<u32>(count)));
}

}  // namespace skep::runtime::helpers
