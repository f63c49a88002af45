// What maps promise beyond the kernel's answers (tests/engines/maps_kernel_test.cpp): layout,
// wrapping rings, walks that delete, limits, and errors for owners.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <set>
#include <string>

#include "maps/map.hpp"

namespace skep::maps {
namespace {

using platform::MapKind;
using platform::MapSpec;
using platform::Update;

MapSpec spec_of(MapKind kind, u32 key_size, u32 value_size, u32 max_entries) {
  MapSpec spec;
  spec.name = "m";
  spec.kind = kind;
  spec.key_size = key_size;
  spec.value_size = value_size;
  spec.max_entries = max_entries;
  return spec;
}

Map make(const MapSpec& spec) { return Map::create(spec, 0x5eed).value(); }

template <class T>
std::span<const std::byte> bytes_of(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}

u32 u32_of(std::span<const std::byte> bytes) {
  u32 value = 0;
  std::memcpy(&value, bytes.data(), sizeof(value));
  return value;
}

TEST(Array, ValuesAreEightBytesApartAndStartFromTheInitialContents) {
  MapSpec spec = spec_of(MapKind::array, 4, 5, 3);
  spec.initial = {std::byte{7}, std::byte{8}};
  const Map map = make(spec);
  EXPECT_EQ(map.stride(), 8u);
  const u32 first = 0, second = 1, past = 3;
  EXPECT_EQ(reinterpret_cast<u64>(lookup(map.header(), &first, 0)), map.values_address());
  EXPECT_EQ(reinterpret_cast<u64>(lookup(map.header(), &second, 0)), map.values_address() + 8);
  EXPECT_EQ(lookup(map.header(), &past, 0), nullptr);
  EXPECT_EQ(map.lookup_copy(bytes_of(first)).value()[1], std::byte{8});
  EXPECT_TRUE(map.contains(map.values_address() + 8, 5));
  EXPECT_FALSE(map.contains(map.values_address() + 8, 6));
  EXPECT_FALSE(map.contains(map.values_address() + 24, 1));
  EXPECT_FALSE(map.contains(map.values_address() - 1, 1));
}

TEST(PercpuArray, EachSlotHasItsOwnValueAndOwnersSeeAllOfThem) {
  Map map = make(spec_of(MapKind::percpu_array, 4, 4, 2));
  const u32 key = 1;
  for (u32 cpu = 0; cpu < kCpuSlots; ++cpu) {
    const u32 value = 100 + cpu;
    EXPECT_EQ(update(map.header(), &key, &value, Update::any, cpu), 0);
  }
  std::vector<std::byte> all = map.lookup_copy(bytes_of(key)).value();
  ASSERT_EQ(all.size(), 8u * kCpuSlots);
  for (u32 cpu = 0; cpu < kCpuSlots; ++cpu)
    EXPECT_EQ(u32_of(std::span(all).subspan(8 * cpu)), 100 + cpu);
  all[8] = std::byte{9};
  ASSERT_TRUE(map.update(bytes_of(key), all, Update::any).ok());
  EXPECT_EQ(u32_of({static_cast<std::byte*>(lookup(map.header(), &key, 1)), 4}), 9u);
  EXPECT_TRUE(map.contains(reinterpret_cast<u64>(lookup(map.header(), &key, 3)), 4));
  EXPECT_FALSE(map.contains(reinterpret_cast<u64>(lookup(map.header(), &key, 3)), 5));
}

TEST(Hash, HoldsKeysOfAnySizeAndTellsThemApart) {
  for (const u32 key_size : {1u, 3u, 4u, 5u, 8u, 9u, 12u, 16u, 17u, 31u, 40u, 64u, 511u}) {
    Map map = make(spec_of(MapKind::hash, key_size, 4, 300));
    std::vector<std::byte> key(key_size);
    for (u32 last = 0; last < 256; ++last) {
      key.back() = static_cast<std::byte>(last);
      ASSERT_EQ(update(map.header(), key.data(), &last, Update::only_new, 0), 0) << key_size;
    }
    for (u32 last = 0; last < 256; ++last) {
      key.back() = static_cast<std::byte>(last);
      ASSERT_EQ(u32_of(map.lookup_copy(key).value()), last) << key_size;
    }
    EXPECT_EQ(map.count(), 256u);
  }
}

TEST(Hash, HasALookUpOfItsOwnThatFindsTheSame) {
  for (const u32 key_size : {1u, 3u, 4u, 8u, 12u, 16u, 17u, 40u, 64u}) {
    Map map = make(spec_of(MapKind::hash, key_size, 4, 300));
    const platform::MapLookup look_up = map.lookup_body();
    ASSERT_NE(look_up, nullptr);
    std::vector<std::byte> key(key_size);
    for (u32 last = 0; last < 256; last += 2) {
      key.back() = static_cast<std::byte>(last);
      ASSERT_EQ(update(map.header(), key.data(), &last, Update::only_new, 0), 0);
    }
    for (u32 last = 0; last < 256; ++last) {
      key.back() = static_cast<std::byte>(last);
      void* const value = lookup(map.header(), key.data(), 0);
      ASSERT_EQ(value == nullptr, last % 2 == 1);
      ASSERT_EQ(look_up(map.address(), reinterpret_cast<u64>(key.data())),
                reinterpret_cast<u64>(value));
    }
  }
}

TEST(Hash, AFullMapRefusesNewKeysUpdatesOldOnesAndReusesDeletedOnesAtOnce) {
  Map map = make(spec_of(MapKind::hash, 4, 8, 10));
  const u64 value = 1;
  for (u32 key = 0; key < 10; ++key)
    ASSERT_EQ(update(map.header(), &key, &value, Update::any, 0), 0);
  const u32 one_more = 10, old = 3;
  EXPECT_EQ(update(map.header(), &one_more, &value, Update::any, 0), -E2BIG);
  EXPECT_EQ(map.lost(), 1u);
  for (u32 cpu = 0; cpu < kCpuSlots; ++cpu)
    EXPECT_EQ(update(map.header(), &old, &value, Update::any, cpu), 0);
  EXPECT_EQ(erase(map.header(), &old), 0);
  EXPECT_EQ(update(map.header(), &one_more, &value, Update::any, 0), 0);
  EXPECT_EQ(map.count(), 10u);
  const Result<void> refused = map.update(bytes_of(old), bytes_of(value), Update::any);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().fault, Fault::exhausted);
  EXPECT_EQ(refused.error().message, "map m: it is full");
}

TEST(Hash, AnUpdateLeavesTheOldValueWholeForWhoHoldsIt) {
  Map map = make(spec_of(MapKind::hash, 4, 8, 4));
  const u32 key = 1;
  u64 value = 10;
  ASSERT_EQ(update(map.header(), &key, &value, Update::any, 0), 0);
  const auto* held = static_cast<const u64*>(lookup(map.header(), &key, 0));
  value = 20;
  ASSERT_EQ(update(map.header(), &key, &value, Update::any, 0), 0);
  EXPECT_EQ(*held, 10u);
  held = static_cast<const u64*>(lookup(map.header(), &key, 0));
  EXPECT_EQ(*held, 20u);
  value = 30;
  ASSERT_EQ(update(map.header(), &key, &value, Update::any, 0), 0);
  EXPECT_EQ(*held, 20u);
  EXPECT_EQ(*static_cast<const u64*>(lookup(map.header(), &key, 0)), 30u);
}

TEST(Hash, AWalkThatDeletesTheKeyBeforeSeesEveryOtherKey) {
  Map map = make(spec_of(MapKind::hash, 4, 4, 1000));
  for (u32 key = 0; key < 1000; ++key)
    ASSERT_EQ(update(map.header(), &key, &key, Update::any, 0), 0);
  std::set<u32> seen;
  std::vector<std::byte> before;
  for (auto key = map.next_key({}); key; key = map.next_key(*key)) {
    EXPECT_TRUE(seen.insert(u32_of(*key)).second);
    if (!before.empty()) {
      ASSERT_TRUE(map.erase(before).ok());
    }
    before = *key;
  }
  EXPECT_EQ(seen.size(), 1000u);
  EXPECT_EQ(map.count(), 1u);
  ASSERT_TRUE(map.erase(before).ok());
  EXPECT_EQ(map.next_key({}), std::nullopt);
}

TEST(Hash, AWalkFromAKeyThatIsGoneStartsAgain) {
  Map map = make(spec_of(MapKind::hash, 4, 4, 50));
  for (u32 key = 0; key < 50; ++key) ASSERT_EQ(update(map.header(), &key, &key, Update::any, 0), 0);
  std::set<u32> seen;
  for (auto key = map.next_key({}); key;
       key = map.next_key(*key)) {  // deletes before asking for the next
    seen.insert(u32_of(*key));
    ASSERT_TRUE(map.erase(*key).ok());
  }
  EXPECT_EQ(seen.size(), 50u);
}

TEST(Hash, TheSeedDecidesTheOrderAndTheSameSeedRepeatsIt) {
  const auto order = [](u64 seed) {
    Map map = Map::create(spec_of(MapKind::hash, 4, 4, 64), seed).value();
    for (u32 key = 0; key < 64; ++key) update(map.header(), &key, &key, Update::any, 0);
    std::vector<u32> keys;
    for (auto key = map.next_key({}); key; key = map.next_key(*key)) keys.push_back(u32_of(*key));
    return keys;
  };
  EXPECT_EQ(order(1), order(1));
  EXPECT_NE(order(1), order(2));
}

TEST(Hash, AHugeMapCostsAddressesNotMemory) {
  Map map = make(spec_of(MapKind::hash, 16, 64, 64u << 20));
  const u64 key[2] = {1, 2};
  const std::array<u64, 8> value{3};
  EXPECT_EQ(update(map.header(), key, value.data(), Update::any, 0), 0);
  EXPECT_EQ(std::memcmp(lookup(map.header(), key, 0), value.data(), 64), 0);
}

TEST(Hash, ContainsOnlyValues) {
  Map map = make(spec_of(MapKind::hash, 4, 12, 4));
  const u32 key = 1;
  const u64 value[2] = {};
  update(map.header(), &key, value, Update::any, 0);
  const u64 address = reinterpret_cast<u64>(lookup(map.header(), &key, 0));
  EXPECT_TRUE(map.contains(address, 12));
  EXPECT_FALSE(map.contains(address, 13));
  EXPECT_FALSE(map.contains(address - 1, 1));
}

// ---- rings
// -------------------------------------------------------------------------------------------------------

std::vector<std::string> drained(Map& map) {
  std::vector<std::string> records;
  map.drain([&](std::span<const std::byte> record) {
    records.emplace_back(reinterpret_cast<const char*>(record.data()), record.size());
  });
  return records;
}

TEST(Ring, DeliversInTheOrderOfReservationAndStopsAtABusyRecord) {
  Map map = make(spec_of(MapKind::ringbuf, 0, 0, 4096));
  auto* first = static_cast<char*>(ring_reserve(map.header(), 3));
  auto* second = static_cast<char*>(ring_reserve(map.header(), 3));
  std::memcpy(first, "one", 3);
  std::memcpy(second, "two", 3);
  ring_submit(second);
  EXPECT_EQ(drained(map), std::vector<std::string>{});
  EXPECT_TRUE(map.contains(reinterpret_cast<u64>(first), 3));
  EXPECT_FALSE(map.contains(reinterpret_cast<u64>(first), 4));
  EXPECT_FALSE(map.contains(reinterpret_cast<u64>(second), 3));
  ring_submit(first);
  EXPECT_EQ(drained(map), (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(ring_query(map.header(), 0), 0u);
}

TEST(Ring, SkipsDiscardedRecords) {
  Map map = make(spec_of(MapKind::ringbuf, 0, 0, 4096));
  ring_discard(ring_reserve(map.header(), 10));
  EXPECT_EQ(ring_output(map.header(), "kept", 4), 0);
  EXPECT_EQ(drained(map), std::vector<std::string>{"kept"});
}

TEST(Ring, ARecordThatCrossesTheEndIsOnePiece) {
  Map map = make(spec_of(MapKind::ringbuf, 0, 0, 4096));
  const std::string record(1000, 'x');
  for (int round = 0; round < 50; ++round) {
    for (int more = 0; more < 3; ++more)
      ASSERT_EQ(ring_output(map.header(), record.data(), record.size()), 0);
    ASSERT_EQ(drained(map), std::vector<std::string>(3, record));
  }
  EXPECT_EQ(map.lost(), 0u);
}

TEST(Ring, CountsWhatItCouldNotTake) {
  Map map = make(spec_of(MapKind::ringbuf, 0, 0, 4096));
  EXPECT_EQ(ring_reserve(map.header(), 4096), nullptr);  // never fits
  EXPECT_EQ(ring_reserve(map.header(), ~u64{0} - 3), nullptr);
  EXPECT_EQ(ring_output(map.header(), std::string(4088, 'x').data(), 4088),
            -EAGAIN);  // would fill it to the last byte
  EXPECT_EQ(ring_output(map.header(), std::string(4080, 'x').data(), 4080), 0);
  EXPECT_EQ(ring_reserve(map.header(), 0), nullptr);
  EXPECT_EQ(map.lost(), 4u);
  EXPECT_EQ(ring_query(map.header(), 0), 4088u);
  EXPECT_EQ(ring_query(map.header(), 1), 4096u);
  EXPECT_EQ(ring_query(map.header(), 3), 4088u);
  EXPECT_EQ(ring_query(map.header(), 4), 0u);
}

TEST(Ring, ABusyRecordThatWasOvertakenByTheReaderIsImpossible) {
  Map map = make(spec_of(MapKind::ringbuf, 0, 0, 4096));
  void* held = ring_reserve(map.header(), 2000);
  ASSERT_EQ(ring_output(map.header(), std::string(2000, 'x').data(), 2000), 0);
  EXPECT_EQ(drained(map).size(), 0u);
  EXPECT_EQ(ring_reserve(map.header(), 100), nullptr);
  ring_discard(held);
  EXPECT_EQ(drained(map).size(), 1u);
  EXPECT_NE(ring_reserve(map.header(), 100), nullptr);
}

// ---- program arrays and errors
// -----------------------------------------------------------------------------------

TEST(ProgArray, AnEntryIsThereOnceAProgramIsSet) {
  Map map = make(spec_of(MapKind::prog_array, 4, 4, 2));
  const int target = 0;
  const u32 index = 1;
  EXPECT_EQ(prog_at(map.header(), 1), nullptr);
  EXPECT_EQ(map.lookup_copy(bytes_of(index)).error().fault, Fault::absent);
  map.set_program(1, &target, 77);
  EXPECT_EQ(prog_at(map.header(), 1), &target);
  EXPECT_EQ(prog_at(map.header(), 2), nullptr);
  EXPECT_EQ(u32_of(map.lookup_copy(bytes_of(index)).value()), 77u);
  EXPECT_EQ(map.count(), 1u);
  EXPECT_TRUE(map.erase(bytes_of(index)).ok());
  EXPECT_EQ(map.erase(bytes_of(index)).error().fault, Fault::absent);
}

TEST(Create, RefusesWhatItCannotMakeByName) {
  const auto message = [](const MapSpec& spec) { return Map::create(spec, 0).error().message; };
  EXPECT_EQ(message(spec_of(MapKind::array, 8, 4, 1)), "map m: key of 8 bytes");
  EXPECT_EQ(message(spec_of(MapKind::lru_hash, 8, 4, 1)),
            "map m: the user engine has no lru_hash maps yet");
  MapSpec cut = spec_of(MapKind::array, 4, 1, 1);
  cut.initial.resize(2);
  EXPECT_EQ(message(cut), "map m: 2 bytes for a value of 1");
  EXPECT_EQ(message(spec_of(MapKind::ringbuf, 0, 0, 5000)), "map m: a ring buffer of 5000 bytes");
}

TEST(Owner, SizesOfKeysAndValuesAreChecked) {
  Map map = make(spec_of(MapKind::hash, 4, 8, 1));
  const u64 eight = 0;
  EXPECT_EQ(map.lookup_copy(bytes_of(eight)).error().message,
            "map m: a key of 8 instead of 4 bytes");
  const u32 four = 0;
  EXPECT_EQ(map.update(bytes_of(four), bytes_of(four), Update::any).error().message,
            "map m: a value of 4 instead of 8 bytes");
  EXPECT_EQ(map.erase(bytes_of(four)).error().message, "map m: no such key");
}

}  // namespace
}  // namespace skep::maps
