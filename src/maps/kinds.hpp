// The kinds of maps as types, and the one dispatch from a segment's tag to them.
//
// Each kind is a struct of static functions over its segment, defined in its own file; what a kind
// cannot do it inherits from Unsupported. Adding a kind is a file, a struct here and a case in
// dispatch().
#pragma once

#include "maps/header.hpp"

namespace skep::maps {

// Errors as the kernel's helpers return them (include/uapi/asm-generic/errno-base.h; ENOTSUPP is
// kernel-only).
inline constexpr s64 kNoEntry = -2, kTooBig = -7, kIsBusy = -16, kExists = -17, kInvalid = -22,
                     kNotSupported = -524;

inline constexpr u64 kUpdateFlagsMax = static_cast<u64>(platform::Update::only_existing);
inline constexpr u64 kSpinLockFlag =
    4;  // BPF_F_LOCK: only for values with a lock, which no kind here has yet

// What `flags` says against the rule that all arrays share: elements always exist. 0, or the error.
s64 check_array_update(const Header& map, u32 index, platform::Update flags);
std::optional<std::vector<std::byte>> next_index(const Header& map, std::span<const std::byte> key);
u32 index_at(const void* key);
// The next index of a walk, in `key`; false at the end.
bool walk_on(const Header& map, Walk& walk);

// `found` of an owner's lookup: the element's value as bpf(2) shows it.
using Copied = std::optional<std::vector<std::byte>>;
using Key = std::optional<std::vector<std::byte>>;

struct Unsupported {
  static void* lookup(Header&, const void*, u32) { return nullptr; }
  static s64 update(Header&, const void*, const void*, platform::Update, u32) {
    return kNotSupported;
  }
  static s64 erase(Header&, const void*) { return kNotSupported; }
  static u64 user_value_size(const Header& map) { return map.value_size; }
  static Copied lookup_copy(Header&, const void*) { return std::nullopt; }
  static s64 update_all(Header&, const void*, const void*, platform::Update) {
    return kNotSupported;
  }
  static Key next_key(Header&, std::span<const std::byte>) { return std::nullopt; }
  static u64 count(const Header& map) { return map.max_entries; }
  static platform::ArrayShape shape(const Header&) { return {}; }
  static platform::MapLookup lookup_body(const Header&) { return nullptr; }
  static bool contains(const Header&, u64, u32) { return false; }
  static void* walk(Header&, Walk&, u32) { return nullptr; }
  static bool has_key_at(const Header&, u64, u32) { return false; }
};

struct ArrayMap : Unsupported {
  static Result<Mapping> create(const platform::MapSpec& spec, u64 seed);
  static void* lookup(Header& map, const void* key, u32 cpu);
  static s64 update(Header& map, const void* key, const void* value, platform::Update flags,
                    u32 cpu);
  static s64 erase(Header&, const void*) { return kInvalid; }
  static Copied lookup_copy(Header& map, const void* key);
  static s64 update_all(Header& map, const void* key, const void* value, platform::Update flags);
  static Key next_key(Header& map, std::span<const std::byte> key) { return next_index(map, key); }
  static platform::ArrayShape shape(const Header& map);
  static bool contains(const Header& map, u64 address, u32 bytes);
  static void* walk(Header& map, Walk& walk, u32 cpu);
};

struct PercpuArrayMap : Unsupported {
  static Result<Mapping> create(const platform::MapSpec& spec, u64 seed);
  static void* lookup(Header& map, const void* key, u32 cpu);
  static s64 update(Header& map, const void* key, const void* value, platform::Update flags,
                    u32 cpu);
  static s64 erase(Header&, const void*) { return kInvalid; }
  static u64 user_value_size(const Header& map) { return u64{map.stride} * kCpuSlots; }
  static Copied lookup_copy(Header& map, const void* key);
  static s64 update_all(Header& map, const void* key, const void* value, platform::Update flags);
  static Key next_key(Header& map, std::span<const std::byte> key) { return next_index(map, key); }
  static platform::ArrayShape shape(const Header& map);
  static bool contains(const Header& map, u64 address, u32 bytes);
  static void* walk(Header& map, Walk& walk, u32 cpu);
};

struct ProgArrayMap : Unsupported {
  static Result<Mapping> create(const platform::MapSpec& spec, u64 seed);
  static s64 erase(Header& map, const void* key);
  static Copied lookup_copy(Header& map, const void* key);
  static Key next_key(Header& map, std::span<const std::byte> key) { return next_index(map, key); }
  static u64 count(const Header& map);
  static void set(Header& map, u32 index, const void* target, u32 id);
};

struct HashMap : Unsupported {
  static Result<Mapping> create(const platform::MapSpec& spec, u64 seed);
  static void* lookup(Header& map, const void* key, u32 cpu);
  static s64 update(Header& map, const void* key, const void* value, platform::Update flags,
                    u32 cpu);
  static s64 erase(Header& map, const void* key);
  static Copied lookup_copy(Header& map, const void* key);
  static s64 update_all(Header& map, const void* key, const void* value, platform::Update flags);
  static Key next_key(Header& map, std::span<const std::byte> key);
  static u64 count(const Header& map) { return map.count.load(std::memory_order_relaxed); }
  static platform::MapLookup lookup_body(const Header& map);
  static bool contains(const Header& map, u64 address, u32 bytes);
  static void* walk(Header& map, Walk& walk, u32 cpu);
  static bool has_key_at(const Header& map, u64 address, u32 bytes);
};

struct RingMap : Unsupported {
  static Result<Mapping> create(const platform::MapSpec& spec, u64 seed);
  static u64 count(const Header&) { return 0; }
  static bool contains(const Header& map, u64 address, u32 bytes);
  static u64 drain(Header& map, const std::function<void(std::span<const std::byte>)>& sink);
};

struct ArenaMap : Unsupported {
  static Result<Mapping> create(const platform::MapSpec& spec, u64 seed);
  // `memory` has its pages, all of them free but for those of `contents`.
  static void begin(Header& map, TwinMemory& memory, std::span<const std::byte> contents);
  static u64 count(const Header&) { return 0; }
  static bool contains(Header& map, u64 address, u32 bytes);
  static platform::ArenaPlace place(Header& map);
};

// Calls `use` with the kind of `kind`. Precondition: the user engine has it.
template <class Use>
decltype(auto) dispatch(platform::MapKind kind, Use use) {
  using platform::MapKind;
  if (kind == MapKind::hash) return use(HashMap{});
  if (kind == MapKind::array) return use(ArrayMap{});
  if (kind == MapKind::percpu_array) return use(PercpuArrayMap{});
  if (kind == MapKind::ringbuf) return use(RingMap{});
  if (kind == MapKind::arena) return use(ArenaMap{});
  EXPECT(kind == MapKind::prog_array);
  return use(ProgArrayMap{});
}

inline platform::MapKind kind_of(const Header& map) {
  return static_cast<platform::MapKind>(map.kind);
}

}  // namespace skep::maps
