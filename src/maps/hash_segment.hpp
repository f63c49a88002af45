// The segment of a hash: its layout, and finding a key in it.
//
//   offset  bytes  field
//        0    128  Header        stride: of an element; values: offset of element 1
//      128      8  seed          of the hash function
//      136      8  buckets       offset; a power of two of {u32 head, u32 lock}
//      144      4  bucket_mask
//      148      4  fresh         elements handed out so far; those above have never been used
//      152      8  links         offset; for each element the next free one
//      192      8  free          first free element, low half; the high half counts changes
//      200     36  spare         an element for each CPU slot and one for owners
//
//   element: u32 next, u32 tag, key and value each padded to 8 bytes
//
// Elements are numbered from 1; `next` of the last one of a chain is kEnd | bucket. The tag is half
// of the key's hash, never 0 while the key stands.
#pragma once

#include <bit>

#include "maps/hash_function.hpp"
#include "maps/kinds.hpp"

namespace skep::maps::hash {

inline constexpr u32 kNone = 0;
inline constexpr u32 kEnd = 1u << 31;
inline constexpr u32 kEntriesMax = 1u << 30;
inline constexpr u32 kOwnerSlot = kCpuSlots;
inline constexpr u32 kSpares = kCpuSlots + 1;

struct Bucket {
  std::atomic<u32> head;
  std::atomic<u32> lock;
};

struct Hash {
  Header common;
  u64 seed;
  u64 buckets;
  u32 bucket_mask;
  std::atomic<u32> fresh;
  u64 links;
  alignas(kLineBytes) std::atomic<u64> free;
  std::atomic<u32> spare[kSpares];
};
static_assert(offsetof(Hash, seed) == 128 && offsetof(Hash, free) == 192 && sizeof(Bucket) == 8);

struct Element {
  std::atomic<u32> next;
  std::atomic<u32> tag;

  std::byte* key() { return reinterpret_cast<std::byte*>(this + 1); }
};

struct Place {
  u32 bucket;
  u32 tag;
};

constexpr bool is_element(u32 number) { return number != kNone && number < kEnd; }

inline Hash& as_hash(Header& map) { return reinterpret_cast<Hash&>(map); }

inline Element& element(Hash& map, u32 number) {
  return *reinterpret_cast<Element*>(
      at(map.common, map.common.values + u64{number - 1} * map.common.stride));
}
inline Bucket& bucket(Hash& map, u32 number) {
  return reinterpret_cast<Bucket*>(at(map.common, map.buckets))[number];
}
inline std::atomic<u32>& link(Hash& map, u32 number) {
  return reinterpret_cast<std::atomic<u32>*>(at(map.common, map.links))[number];
}
inline void* value_of(Hash& map, Element& e) {
  return e.key() + rounded_up(map.common.key_size, 8);
}

// The functions below that take a key are inlined for the sizes of keys that matter, so that
// hashing and comparing are a few instructions each. `key_bytes` is the map's.
[[gnu::always_inline]] inline Place place_of(const Hash& map, const void* key, u32 key_bytes) {
  const u64 hash = hash_of(key, key_bytes, map.seed);
  return {static_cast<u32>(hash >> 32) & map.bucket_mask, static_cast<u32>(hash) | 1};
}

[[gnu::always_inline]] inline bool holds(Element& e, u32 tag, const void* key, u32 key_bytes) {
  if (e.tag.load(std::memory_order_acquire) != tag || !same_bytes(e.key(), key, key_bytes))
    return false;
  fence(std::memory_order_acquire);
  return e.tag.load(std::memory_order_relaxed) == tag;
}

// The element of `key`, or kNone.
[[gnu::always_inline]] inline u32 find(Hash& map, Place place, const void* key, u32 key_bytes) {
  for (;;) {
    u32 at = bucket(map, place.bucket).head.load(std::memory_order_acquire);
    if (at == kNone) return kNone;
    for (; is_element(at); at = element(map, at).next.load(std::memory_order_acquire)) {
      if (holds(element(map, at), place.tag, key, key_bytes)) return at;
    }
    if (at == (kEnd | place.bucket)) return kNone;
  }
}

// The address of the value of `key`, or null.
[[gnu::always_inline]] inline void* value_at(Hash& map, const void* key, u32 key_bytes) {
  const u32 found = find(map, place_of(map, key, key_bytes), key, key_bytes);
  return found != kNone ? element(map, found).key() + rounded_up(key_bytes, 8) : nullptr;
}

// Calls `use` with the key size as a constant where it is a common one.
template <class Use>
[[gnu::always_inline]] inline decltype(auto) with_key_size(u32 key_bytes, Use use) {
  if (key_bytes == 4) return use(std::integral_constant<u32, 4>{});
  if (key_bytes == 8) return use(std::integral_constant<u32, 8>{});
  if (key_bytes == 16) return use(std::integral_constant<u32, 16>{});
  if (key_bytes == 40) return use(std::integral_constant<u32, 40>{});
  return use(key_bytes);
}

inline Place place_of(const Hash& map, const void* key) {
  return with_key_size(map.common.key_size, [&](auto bytes) { return place_of(map, key, bytes); });
}

}  // namespace skep::maps::hash
