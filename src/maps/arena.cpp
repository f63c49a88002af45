// Arenas: pages that programs and user space reach by pointers (kernel/bpf/arena.c).
//
//   offset  bytes  field
//        0    128  Header                  max_entries: pages; stride: bytes of one
//      128      4  lock                    of who changes the ranges (maps/lock.hpp)
//      136      8  memory                  address of the TwinMemory with the pages
//      144      8  user_begin              where user space sees the first page
//      152      8  changes                 so far; a range has the number of its last one
//      160      4  ranges                  that are free
//     4096      -  of each: u32 first, u32 pages, u64 changed; in no order
//
// The pages themselves are not in the segment: they stand where user space was promised them, and
// once more for programs (base/twin_memory.hpp). Like the targets of program arrays, both addresses
// are of one process. Which free range is taken follows kernel/bpf/range_tree.c:
// the smallest that is long enough, of equals the one that changed last.
#include "base/twin_memory.hpp"
#include "maps/kinds.hpp"
#include "maps/lock.hpp"

namespace skep::maps {
namespace {

struct Range {
  u32 first;
  u32 pages;
  u64 changed;

  u32 end() const { return first + pages; }
};
static_assert(sizeof(Range) == 16);

struct Arena {
  Header common;
  std::atomic<u32> lock;
  TwinMemory* memory;
  u64 user_begin;
  u64 changes;
  u32 ranges;
};
static_assert(offsetof(Arena, lock) == 128 && offsetof(Arena, ranges) == 160);

Arena& arena_of(Header& map) { return reinterpret_cast<Arena&>(map); }

// The ranges that are free. Changes are made in the order of the kernel's, because each gives its
// range a new number.
class Free {
 public:
  explicit Free(Arena& arena) : arena_(arena) {}

  // Index of the range that `pages` are taken from, or none.
  std::optional<u32> best(u32 pages) const {
    std::optional<u32> found;
    for (u32 index = 0; index < arena_.ranges; ++index) {
      const Range& each = range(index);
      if (each.pages < pages) continue;
      if (!found || each.pages < range(*found).pages ||
          (each.pages == range(*found).pages && each.changed > range(*found).changed)) {
        found = index;
      }
    }
    return found;
  }

  bool holds(u32 first, u32 pages) const {
    for (u32 index = 0; index < arena_.ranges; ++index) {
      const Range& each = range(index);
      if (each.first <= first && first + pages <= each.end()) return true;
    }
    return false;
  }

  // range_tree_clear()
  void take(u32 first, u32 pages) {
    const u32 end = first + pages;
    for (u32 index = arena_.ranges; index-- > 0;) {
      const Range was = range(index);
      if (was.end() <= first || end <= was.first) continue;
      remove(index);
      if (was.first < first) insert(was.first, first - was.first);
      if (was.end() > end) insert(end, was.end() - end);
    }
  }

  // range_tree_set()
  void give(u32 first, u32 pages) {
    if (holds(first, pages)) return;  // and keeps its number
    take(first, pages);
    u32 end = first + pages;
    for (u32 index = arena_.ranges; index-- > 0;) {
      const Range each = range(index);
      if (each.end() != first && each.first != end) continue;
      remove(index);
      first = std::min(first, each.first);
      end = std::max(end, each.end());
    }
    insert(first, end - first);
  }

  const Range& range(u32 index) const { return ranges()[index]; }

 private:
  Range* ranges() const { return reinterpret_cast<Range*>(at(arena_.common, kPageBytes)); }
  void remove(u32 index) { ranges()[index] = ranges()[--arena_.ranges]; }
  void insert(u32 first, u32 pages) {
    ranges()[arena_.ranges++] = {first, pages, ++arena_.changes};
  }

  Arena& arena_;
};

// Pages of the range that user space has touched are not free any more. Whether there were any.
bool take_touched(Arena& arena, u32 first, u32 pages) {
  const auto touched = arena.memory->touched(u64{first} * kPageBytes);
  if (!touched || *touched / kPageBytes >= u64{first} + pages) return false;
  Free(arena).take(static_cast<u32>(*touched / kPageBytes), 1);
  return true;
}

std::optional<u32> find_pages(Arena& arena, u32 pages) {
  Free free(arena);
  for (auto found = free.best(pages); found; found = free.best(pages)) {
    const Range range = free.range(*found);
    if (!take_touched(arena, range.first, range.pages)) return range.first;
  }
  return std::nullopt;
}

// The page of an address by its lower half; one that is not in the arena is beyond its end.
u64 page_of(const Arena& arena, u64 address) {
  return static_cast<u32>(address - arena.user_begin) / kPageBytes;
}

bool are_inside(const Arena& arena, u64 first, u32 pages) {
  return first + pages <= arena.common.max_entries;
}

// Whether they are all free; those that user space has touched are not.
bool are_free(Arena& arena, u32 first, u32 pages) {
  return Free(arena).holds(first, pages) && !take_touched(arena, first, pages);
}

u64 address_of(const Arena& arena, u32 page) { return arena.user_begin + u64{page} * kPageBytes; }

}  // namespace

Result<Mapping> ArenaMap::create(const platform::MapSpec& spec, u64) {
  const u64 ranges = spec.max_entries / 2 + 2;
  Mapping segment = TRY(Mapping::of_memory(kPageBytes + ranges * sizeof(Range)));
  begin_segment(segment, spec, kPageBytes, kPageBytes);
  return segment;
}

void ArenaMap::begin(Header& map, TwinMemory& memory, std::span<const std::byte> contents) {
  Arena& arena = arena_of(map);
  arena.memory = &memory;
  arena.user_begin = reinterpret_cast<u64>(memory.window().data());
  Free(arena).give(0, map.max_entries);
  if (contents.empty()) return;
  const u64 bytes = rounded_up(contents.size(), kPageBytes);
  Free(arena).take(0, static_cast<u32>(bytes / kPageBytes));
  memory.show(0, bytes);
  std::memcpy(memory.window().data(), contents.data(), contents.size());
}

bool ArenaMap::contains(Header& map, u64 address, u32 bytes) {
  return arena_of(map).memory->is_guests(address, bytes);
}

platform::ArenaPlace ArenaMap::place(Header& map) {
  const Arena& arena = arena_of(map);
  return {arena.memory->guest_base(), arena.user_begin};
}

u64 arena_alloc(Header& map, u64 address, u32 pages) {
  if (kind_of(map) != platform::MapKind::arena || pages == 0 || pages > map.max_entries) return 0;
  Arena& arena = arena_of(map);
  const Lock lock(arena.lock);
  u32 first = 0;
  if (address != 0) {
    const u64 page = page_of(arena, address);
    if (address % kPageBytes != 0 || !are_inside(arena, page, pages)) return 0;
    first = static_cast<u32>(page);
    if (!are_free(arena, first, pages)) return 0;
  } else {
    const auto found = find_pages(arena, pages);
    if (!found) return 0;
    first = *found;
  }
  Free(arena).take(first, pages);
  arena.memory->show(u64{first} * kPageBytes, u64{pages} * kPageBytes);
  return address_of(arena, first);
}

void arena_free(Header& map, u64 address, u32 pages) {
  if (kind_of(map) != platform::MapKind::arena || pages == 0) return;
  Arena& arena = arena_of(map);
  const u64 end_of_all = address_of(arena, map.max_entries);
  const u64 upper = arena.user_begin >> 32 << 32;
  const u64 first = upper | (static_cast<u32>(address) / kPageBytes * kPageBytes);
  const u64 end = std::min(end_of_all, first + u64{pages} * kPageBytes);
  const u64 begin = std::max(first, arena.user_begin);
  if (begin >= end) return;
  const Lock lock(arena.lock);
  Free(arena).give(static_cast<u32>((begin - arena.user_begin) / kPageBytes),
                   static_cast<u32>((end - begin) / kPageBytes));
  arena.memory->clear(begin - arena.user_begin, end - begin);
  arena.memory->hide(begin - arena.user_begin, end - begin);
}

s64 arena_reserve(Header& map, u64 address, u32 pages) {
  if (kind_of(map) != platform::MapKind::arena) return kInvalid;
  if (pages == 0 || address % kPageBytes != 0) return 0;
  Arena& arena = arena_of(map);
  const u64 page = page_of(arena, address);
  if (!are_inside(arena, page, pages)) return kInvalid;
  const Lock lock(arena.lock);
  if (!are_free(arena, static_cast<u32>(page), pages)) return kIsBusy;
  Free(arena).take(static_cast<u32>(page), pages);
  return 0;
}

}  // namespace skep::maps
