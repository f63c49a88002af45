// Maps: the memory that programs share with each other and with their readers.
//
// A map lives in one segment of memory and holds offsets, tags and counters, never pointers, so
// that the segment can be shared between processes. Programs reach it through the operations on
// Header below, which dispatch on its kind and return what the kernel's helpers return: an address
// or null, 0 or a negative errno. The owner reaches it through Map. One file a kind: array.cpp,
// hash.cpp, percpu_array.cpp, ring.cpp, prog_array.cpp, arena.cpp. The layouts are documented
// there.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/mapping.hpp"
#include "base/twin_memory.hpp"
#include "maps/view.hpp"
#include "platform/machine.hpp"
#include "platform/map_kinds.hpp"

namespace skep::maps {

// Slots of a per-CPU map: a running thread claims one (docs/decisions, "a virtual CPU is a running
// thread's slot").
inline constexpr u32 kCpuSlots = 8;

// The start of every map's segment; what a map constant in a program becomes is its address.
struct Header;

// ---- what programs do (bpf_map_lookup_elem and so on). `cpu` is below kCpuSlots.
// --------------------------------

void* lookup(Header& map, const void* key, u32 cpu);  // value or null
s64 update(Header& map, const void* key, const void* value, platform::Update flags,
           u32 cpu);                      // 0, -EEXIST, -ENOENT, -E2BIG, -EINVAL
s64 erase(Header& map, const void* key);  // 0, -ENOENT, -EINVAL

// Where a walk over the elements of a map stands (bpf_for_each_map_elem); zeros where it begins.
struct Walk {
  u64 next = 0;   // what the kind makes of it
  u64 count = 0;  // elements that came before
  u64 key = 0;    // the address of this one's key
};
// The next value, or null at the end. No lock is held: what other writers do meanwhile may hide the
// rest of a chain (hash.cpp).
void* walk(Header& map, Walk& walk, u32 cpu);

// Ring buffers (bpf_ringbuf_*): 8-byte header a record, positions as in kernel/bpf/ringbuf.c.
void* ring_reserve(Header& ring, u64 bytes);  // null when it is full; that is counted
void ring_submit(void* record);
void ring_discard(void* record);
s64 ring_output(Header& ring, const void* data, u64 bytes);
u64 ring_query(const Header& ring, u64 what);  // BPF_RB_AVAIL_DATA, RING_SIZE, CONS_POS, PROD_POS

// What `index` of a prog_array holds: an address for Bindings::tail_call, or null.
const void* prog_at(const Header& map, u64 index);

// Arenas (bpf_arena_*), with what the kernel's functions return. Other maps have no pages.
u64 arena_alloc(Header& map, u64 address, u32 pages);  // 0: they are not free
void arena_free(Header& map, u64 address, u32 pages);
s64 arena_reserve(Header& map, u64 address, u32 pages);  // 0, -EBUSY, -EINVAL

// ---- what the owner does
// ------------------------------------------------------------------------------------------

class Map final : public View {
 public:
  // Makes the map that `spec` describes, with its initial contents. Errors as platform::check(), or
  // exhausted. `seed` is for the hash function: unpredictable where keys come from strangers, fixed
  // where runs must repeat.
  static Result<Map> create(const platform::MapSpec& spec, u64 seed);

  const platform::MapSpec& spec() const override { return spec_; }
  u32 cpus() const override { return kCpuSlots; }
  Header& header() const;
  u64 address() const;                       // for Bindings::maps
  u64 values_address() const;                // for Bindings::map_values: arrays, arenas, else 0
  u32 stride() const;                        // of arrays: bytes from value to value
  platform::ArrayShape array_shape() const;  // for Bindings::arrays
  platform::MapLookup lookup_body() const;   // for Bindings::lookups: of hashes, else null

  // As the bpf(2) commands: a value of a per-CPU map is all slots' values in a row, each padded to
  // 8 bytes.
  u64 user_value_size() const override;
  Result<std::vector<std::byte>> lookup_copy(
      std::span<const std::byte> key) const override;  // Fault::absent
  Result<void> update(std::span<const std::byte> key, std::span<const std::byte> value,
                      platform::Update flags) override;
  Result<void> erase(std::span<const std::byte> key) override;
  // The key after `key`, or the first; nullopt at the end. A key that is gone starts again at the
  // first.
  std::optional<std::vector<std::byte>> next_key(std::span<const std::byte> key) const override;
  // Of a prog_array: tail calls to `index` go to `target`. Readers see the id.
  void set_program(u32 index, const void* target, u32 id);
  u64 count() const override;

  // Hands every complete record of a ring to `sink`, in order, and gives its space back. Returns
  // how many. Only by one thread at a time.
  u64 drain(const std::function<void(std::span<const std::byte> record)>& sink);

  std::span<std::byte> pages() override;
  platform::ArenaPlace arena_place() const;  // for Bindings::arena

  // What was lost: reservations that found a ring full, updates that found a map full.
  u64 lost() const;

  // Whether [address, address + bytes) lies inside one element's value (or one record) right now,
  // or inside a key that callbacks may read: for checked runs.
  bool contains(u64 address, u32 bytes) const;
  bool has_key_at(u64 address, u32 bytes) const;

 private:
  Result<void> open_arena();
  explicit Map(platform::MapSpec spec, Mapping segment)
      : spec_(std::move(spec)), segment_(std::move(segment)) {}
  platform::MapSpec spec_;
  Mapping segment_;
  std::unique_ptr<TwinMemory> arena_;  // of an arena
};

}  // namespace skep::maps
