// Hashes: preallocated elements in chains, found without a lock. Layout: maps/hash_segment.hpp.
//
// Rules, as for the kernel's preallocated hash (kernel/bpf/hashtab.c):
// - Writers hold the bucket's lock. Updating a key writes a spare element, links it in front and
//   unlinks the old one, which becomes the spare: readers find the old or the new value, whole, and
//   a full map can still be updated.
// - Programs follow chains without a lock. An element that is deleted may be used again at once for
//   another key, which can lead them into another chain; they see that by the number of the bucket
//   at the end, and start again. Tag, key, tag again: a key that is rewritten under them is not
//   taken for a match.
// - Owners copy a value under the bucket's lock, so that it is one that somebody wrote, whole:
//   between two looks at the key, an element may have become the spare and have been filled for the
//   same key.
#include "maps/hash_segment.hpp"
#include "maps/lock.hpp"

namespace skep::maps {

using namespace hash;

namespace {

// ---- free elements
// -----------------------------------------------------------------------------------------------

// An element of the pool of max_entries, or kNone when the map is full.
u32 take_free(Hash& map) {
  u64 head = map.free.load(std::memory_order_acquire);
  while (static_cast<u32>(head) != kNone) {
    const u32 next = link(map, static_cast<u32>(head)).load(std::memory_order_relaxed);
    const u64 changed = ((head >> 32) + 1) << 32 | next;
    if (map.free.compare_exchange_weak(head, changed, std::memory_order_acq_rel))
      return static_cast<u32>(head);
  }
  u32 fresh = map.fresh.load(std::memory_order_relaxed);
  while (fresh < map.common.max_entries) {
    if (map.fresh.compare_exchange_weak(fresh, fresh + 1, std::memory_order_relaxed))
      return fresh + 1;
  }
  return kNone;
}

void give_free(Hash& map, u32 number) {
  u64 head = map.free.load(std::memory_order_relaxed);
  u64 changed;
  do {
    link(map, number).store(static_cast<u32>(head), std::memory_order_relaxed);
    changed = ((head >> 32) + 1) << 32 | number;
  } while (!map.free.compare_exchange_weak(head, changed, std::memory_order_acq_rel));
}

// ---- changes of a chain, under its lock
// --------------------------------------------------------------------------

void write_element(Hash& map, Element& e, u32 tag, const void* key, const void* value) {
  e.tag.store(0, std::memory_order_relaxed);
  fence(std::memory_order_release);
  copy_in(e.key(), key, map.common.key_size);
  copy_in(value_of(map, e), value, map.common.value_size);
  e.tag.store(tag, std::memory_order_release);
}

void link_first(Hash& map, u32 chain, u32 number) {
  std::atomic<u32>& head = bucket(map, chain).head;
  const u32 first = head.load(std::memory_order_relaxed);
  element(map, number).next.store(first == kNone ? kEnd | chain : first, std::memory_order_relaxed);
  head.store(number, std::memory_order_release);
}

// Takes `number` out of the chain; its own `next` stays for readers that are on it.
void unlink(Hash& map, u32 chain, u32 number) {
  std::atomic<u32>* from = &bucket(map, chain).head;
  while (from->load(std::memory_order_relaxed) != number) {
    const u32 before = from->load(std::memory_order_relaxed);
    EXPECT(is_element(before));
    from = &element(map, before).next;
  }
  from->store(element(map, number).next.load(std::memory_order_relaxed), std::memory_order_release);
}

// A writer that died may have linked a new element without unlinking the old one: the first of a
// key counts.
void repair(Hash& map, u32 chain) {
  const auto next_of = [&](u32 number) {
    return element(map, number).next.load(std::memory_order_relaxed);
  };
  for (u32 first = bucket(map, chain).head.load(std::memory_order_relaxed); is_element(first);
       first = next_of(first)) {
    for (u32 other = next_of(first); is_element(other); other = next_of(other)) {
      if (!same_bytes(element(map, other).key(), element(map, first).key(), map.common.key_size))
        continue;
      unlink(map, chain, other);
      give_free(map, other);
      break;
    }
  }
}

// A chain that nobody else changes, and that is whole.
class LockedChain {
 public:
  LockedChain(Hash& map, Place place) : lock_(bucket(map, place.bucket).lock) {
    if (lock_.taken() == Taken::over) repair(map, place.bucket);
  }

 private:
  Lock lock_;
};

// The element of `key`, for those who hold the lock.
u32 find_key(Hash& map, Place place, const void* key) {
  return with_key_size(map.common.key_size,
                       [&](auto bytes) { return find(map, place, key, bytes); });
}

s64 insert_new(Hash& map, Place place, const void* key, const void* value) {
  const u32 number = take_free(map);
  if (number == kNone) {
    map.common.lost.fetch_add(1, std::memory_order_relaxed);
    return kTooBig;
  }
  write_element(map, element(map, number), place.tag, key, value);
  link_first(map, place.bucket, number);
  map.common.count.fetch_add(1, std::memory_order_relaxed);
  return 0;
}

void replace(Hash& map, Place place, u32 old, const void* key, const void* value, u32 cpu) {
  for (u32 tried = 0; tried < kSpares; ++tried) {
    // Another's where a second thread has this CPU's number and is using its spare.
    std::atomic<u32>& slot = map.spare[(cpu + tried) % kSpares];
    const u32 spare = slot.exchange(kNone, std::memory_order_acquire);
    if (spare == kNone) continue;
    write_element(map, element(map, spare), place.tag, key, value);
    link_first(map, place.bucket, spare);
    unlink(map, place.bucket, old);
    slot.store(old, std::memory_order_release);
    return;
  }
  // All are in use, or lost with processes that died: readers see the value change word by word.
  copy_in(value_of(map, element(map, old)), value, map.common.value_size);
}

// ---- walking, for owners
// -----------------------------------------------------------------------------------------

Key key_of(Hash& map, u32 number) {
  std::vector<std::byte> key(map.common.key_size);
  copy_out(key.data(), element(map, number).key(), map.common.key_size);
  return key;
}

// The first element at or behind bucket `from`.
u32 first_from(Hash& map, u64 from) {
  for (u64 at = from; at <= map.bucket_mask; ++at) {
    const u32 head = bucket(map, static_cast<u32>(at)).head.load(std::memory_order_acquire);
    if (is_element(head)) return head;
  }
  return kNone;
}

}  // namespace

Result<Mapping> HashMap::create(const platform::MapSpec& spec, u64 seed) {
  if (spec.max_entries > kEntriesMax) {
    return Error(Fault::exhausted, format("map {}: {} entries", spec.name, spec.max_entries),
                 "a hash has at most 1,073,741,824 entries");
  }
  constexpr u32 kZeroSeed = 1u << 6;  // BPF_F_ZERO_SEED
  const u64 elements = u64{spec.max_entries} + kSpares;
  const u64 buckets = 2 * std::bit_ceil(u64{spec.max_entries});  // chains of one, mostly
  const u64 stride =
      sizeof(Element) + rounded_up(spec.key_size, 8) + rounded_up(spec.value_size, 8);
  const u64 links = rounded_up(sizeof(Hash) + buckets * sizeof(Bucket), kLineBytes);
  const u64 values = rounded_up(links + (elements + 1) * sizeof(u32), kLineBytes);
  Mapping segment = TRY(Mapping::of_memory(values + elements * stride));
  auto& map = as_hash(begin_segment(segment, spec, values, static_cast<u32>(stride)));
  map.seed = (spec.flags & kZeroSeed) != 0 ? 0 : seed;
  map.buckets = sizeof(Hash);
  map.bucket_mask = static_cast<u32>(buckets - 1);
  map.links = links;
  for (u32 slot = 0; slot < kSpares; ++slot) map.spare[slot] = spec.max_entries + 1 + slot;
  return segment;
}

void* HashMap::lookup(Header& header, const void* key, u32) {
  Hash& map = as_hash(header);
  return with_key_size(map.common.key_size, [&](auto bytes) { return value_at(map, key, bytes); });
}

// The look-up for this map's key size alone.
platform::MapLookup HashMap::lookup_body(const Header& header) {
  return with_key_size(header.key_size, []<class Bytes>(Bytes) -> platform::MapLookup {
    return [](u64 address, u64 key) {
      Hash& map = as_hash(*reinterpret_cast<Header*>(address));
      u32 bytes = map.common.key_size;
      if constexpr (!std::is_same_v<Bytes, u32>) bytes = Bytes::value;
      return reinterpret_cast<u64>(value_at(map, reinterpret_cast<const void*>(key), bytes));
    };
  });
}

s64 HashMap::update(Header& header, const void* key, const void* value, platform::Update flags,
                    u32 cpu) {
  Hash& map = as_hash(header);
  const u64 bits = static_cast<u64>(flags);
  if ((bits & ~kSpinLockFlag) > kUpdateFlagsMax || (bits & kSpinLockFlag) != 0) return kInvalid;
  const Place place = place_of(map, key);
  const LockedChain chain(map, place);
  const u32 old = find_key(map, place, key);
  if (old != kNone && flags == platform::Update::only_new) return kExists;
  if (old == kNone && flags == platform::Update::only_existing) return kNoEntry;
  if (old == kNone) return insert_new(map, place, key, value);
  replace(map, place, old, key, value, cpu);
  return 0;
}

s64 HashMap::erase(Header& header, const void* key) {
  Hash& map = as_hash(header);
  const Place place = place_of(map, key);
  const LockedChain chain(map, place);
  const u32 old = find_key(map, place, key);
  if (old == kNone) return kNoEntry;
  unlink(map, place.bucket, old);
  map.common.count.fetch_sub(1, std::memory_order_relaxed);
  give_free(map, old);
  return 0;
}

Copied HashMap::lookup_copy(Header& header, const void* key) {
  Hash& map = as_hash(header);
  const Place place = place_of(map, key);
  std::vector<std::byte> copy(map.common.value_size);
  const LockedChain chain(map, place);
  const u32 found = find_key(map, place, key);
  if (found == kNone) return std::nullopt;
  copy_out(copy.data(), value_of(map, element(map, found)), map.common.value_size);
  return copy;
}

s64 HashMap::update_all(Header& map, const void* key, const void* value, platform::Update flags) {
  return update(map, key, value, flags, kOwnerSlot);
}

// As htab_map_get_next_key(): the rest of the key's chain, then the chains behind it; from the
// start for a key that is not there. Who deletes each key only after asking for the next one sees
// every element that stays.
Key HashMap::next_key(Header& header, std::span<const std::byte> key) {
  Hash& map = as_hash(header);
  u64 from = 0;
  if (!key.empty()) {
    const Place place = place_of(map, key.data());
    const u32 found = find(map, place, key.data(), map.common.key_size);
    if (found != kNone) {
      const u32 next = element(map, found).next.load(std::memory_order_acquire);
      if (is_element(next)) return key_of(map, next);
      from = u64{place.bucket} + 1;
    }
  }
  const u32 first = first_from(map, from);
  return first != kNone ? key_of(map, first) : std::nullopt;
}

// `next` is the element to come, and above it one more than its chain's number. An element that was
// deleted, or that another key has now, is passed over; one that is in another chain ends this one.
void* HashMap::walk(Header& header, Walk& walk, u32) {
  Hash& map = as_hash(header);
  u32 number = static_cast<u32>(walk.next);
  u64 chains = walk.next >> 32;
  // What is written while the walk goes on cannot make it endless.
  while (walk.count < map.common.max_entries) {
    if (!is_element(number)) {
      if (chains > map.bucket_mask) break;
      number = bucket(map, static_cast<u32>(chains++)).head.load(std::memory_order_acquire);
      continue;
    }
    Element& e = element(map, number);
    const u32 behind = e.next.load(std::memory_order_acquire);
    const Place place = place_of(map, e.key());
    const bool is_here = u64{place.bucket} + 1 == chains;
    const bool stands = is_here && find_key(map, place, e.key()) == number;
    number = is_here ? behind : kNone;
    if (!stands) continue;
    walk = {chains << 32 | (is_element(number) ? number : kNone), walk.count + 1,
            reinterpret_cast<u64>(e.key())};
    return value_of(map, e);
  }
  return nullptr;
}

namespace {

// Whether the bytes lie in what every element has from `first` on, `size` bytes of it.
bool is_in_elements(const Header& header, u64 address, u32 bytes, u64 first, u64 size) {
  const u64 offset = address - reinterpret_cast<u64>(at(header, header.values));
  if (offset >= (u64{header.max_entries} + kSpares) * header.stride) return false;
  const u64 in_element = offset % header.stride;
  return in_element >= first && in_element - first + bytes <= size;
}

}  // namespace

bool HashMap::has_key_at(const Header& header, u64 address, u32 bytes) {
  return is_in_elements(header, address, bytes, sizeof(Element), header.key_size);
}

// Inside the value of any element: a program may hold the value of a key that was deleted
// meanwhile.
bool HashMap::contains(const Header& header, u64 address, u32 bytes) {
  const u64 first = sizeof(Element) + rounded_up(header.key_size, 8);
  return is_in_elements(header, address, bytes, first, header.value_size);
}

}  // namespace skep::maps
