// Maps under several threads at once; the preset `thread` runs these under ThreadSanitizer.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <random>
#include <thread>

#include "maps/lock.hpp"
#include "maps/map.hpp"

namespace skep::maps {
namespace {

using platform::MapKind;
using platform::Update;

Map make(MapKind kind, u32 key_size, u32 value_size, u32 max_entries) {
  platform::MapSpec spec;
  spec.name = "m";
  spec.kind = kind;
  spec.key_size = key_size;
  spec.value_size = value_size;
  spec.max_entries = max_entries;
  return Map::create(spec, 99).value();
}

template <class Work>
void on_threads(u32 threads, Work work) {
  std::vector<std::jthread> running;
  for (u32 thread = 0; thread < threads; ++thread)
    running.emplace_back([&, thread] { work(thread); });
}

constexpr u32 kRounds = 30'000;

TEST(HashThreads, EveryValueReadBelongsToItsKey) {
  // Values are words that all carry the key; a value of another key or a torn one would differ.
  using Value = std::array<u64, 4>;
  Map map = make(MapKind::hash, 8, sizeof(Value), 16);
  std::atomic<u64> wrong = 0;
  on_threads(4, [&](u32 thread) {
    std::minstd_rand random(thread);
    for (u32 round = 0; round < kRounds; ++round) {
      const u64 key = random() % 24;
      Value value;
      value.fill(key * 1'000'000 + round % 1000);
      const u32 choice = random() % 4;
      if (choice == 0) erase(map.header(), &key);
      if (choice == 1) update(map.header(), &key, value.data(), Update::any, thread % 2);
      if (choice < 2) continue;
      const auto copy = map.lookup_copy(std::as_bytes(std::span(&key, 1)));
      if (!copy.ok()) continue;
      std::memcpy(&value, copy->data(), sizeof(value));
      for (const u64 word : value) wrong += word != value[0] || word / 1'000'000 != key;
    }
  });
  EXPECT_EQ(wrong, 0u);
  u64 walked = 0;
  for (auto key = map.next_key({}); key; key = map.next_key(*key)) ++walked;
  EXPECT_EQ(walked, map.count());
}

TEST(HashThreads, AValueIsOneThatWasWritten) {
  // One key, values of a page, and more writers than numbers of CPUs: elements are spare and filled
  // again for the same key while they are copied.
  using Value = std::array<u64, 512>;
  Map map = make(MapKind::hash, 4, sizeof(Value), 1);
  const u32 key = 1;
  std::atomic<u64> torn = 0;
  on_threads(4, [&](u32 thread) {
    Value value;
    for (u32 round = 0; round < kRounds / 4; ++round) {
      value.fill(round);
      if (thread < 3) update(map.header(), &key, value.data(), Update::any, thread % 2);
      const auto copy = map.lookup_copy(std::as_bytes(std::span(&key, 1)));
      if (!copy.ok()) continue;
      std::memcpy(&value, copy->data(), sizeof(value));
      torn += std::ranges::count(value, value[0]) != std::ssize(value);
    }
  });
  EXPECT_EQ(torn, 0u);
}

TEST(HashThreads, NoElementIsLostOrDoubled) {
  Map map = make(MapKind::hash, 4, 4, 64);
  on_threads(4, [&](u32 thread) {  // each thread its own keys, all of the map together
    for (u32 round = 0; round < kRounds / 16; ++round) {
      for (u32 key = thread * 16; key < thread * 16 + 16; ++key) {
        ASSERT_EQ(update(map.header(), &key, &round, Update::only_new, thread), 0);
        ASSERT_EQ(update(map.header(), &key, &round, Update::only_existing, thread), 0);
      }
      for (u32 key = thread * 16; key < thread * 16 + 16; ++key)
        ASSERT_EQ(erase(map.header(), &key), 0);
    }
  });
  EXPECT_EQ(map.count(), 0u);
  for (u32 key = 0; key < 64; ++key) ASSERT_EQ(update(map.header(), &key, &key, Update::any, 0), 0);
  EXPECT_EQ(map.lost(), 0u);
}

TEST(HashThreads, AKeyThatStaysIsAlwaysFound) {
  // Two buckets: the other keys' elements are freed and used again all around the one that stays.
  Map map = make(MapKind::hash, 4, 4, 2);
  const u32 stays = 7;
  ASSERT_EQ(update(map.header(), &stays, &stays, Update::any, 0), 0);
  std::atomic<bool> done = false;
  std::atomic<u64> missed = 0;
  {
    std::jthread reader([&] {
      while (!done) missed += lookup(map.header(), &stays, 0) == nullptr;
    });
    on_threads(2, [&](u32 thread) {
      for (u32 round = 0; round < kRounds; ++round) {
        const u32 key = 100 + round % 5;
        update(map.header(), &key, &key, Update::any, thread);
        erase(map.header(), &key);
      }
    });
    done = true;
  }
  EXPECT_EQ(missed, 0u);
}

TEST(RingThreads, EveryRecordArrivesOnceAndInOrderOfItsProducer) {
  Map map = make(MapKind::ringbuf, 0, 0, 8192);
  constexpr u32 kProducers = 3;
  struct Record {
    u32 producer;
    u32 number;
    u8 padding[24];
  };
  std::atomic<u32> running = kProducers;
  std::atomic<u64> sent = 0, full = 0;
  std::array<u32, kProducers> next{};
  u64 received = 0, wrong = 0;
  const auto drain = [&] {
    received += map.drain([&](std::span<const std::byte> bytes) {
      Record record;
      std::memcpy(&record, bytes.data(), 8);
      wrong += record.number < next[record.producer];
      next[record.producer] = record.number + 1;
    });
  };
  {
    std::jthread reader([&] {
      while (running != 0) drain();
    });
    on_threads(kProducers, [&](u32 producer) {
      for (u32 number = 0; number < kRounds; ++number) {
        void* record = ring_reserve(map.header(), 8 + number % 25);
        if (record == nullptr) {
          ++full;
          std::this_thread::yield();
          continue;
        }
        std::memcpy(record, &producer, 4);
        std::memcpy(static_cast<std::byte*>(record) + 4, &number, 4);
        if (number % 7 == 0) {
          ring_discard(record);
        } else {
          ring_submit(record);
          ++sent;
        }
      }
      --running;
    });
  }
  drain();
  EXPECT_EQ(wrong, 0u);
  EXPECT_EQ(received, sent);
  EXPECT_EQ(map.lost(), full);
}

TEST(Lock, IsTakenOverFromAProcessThatDied) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  std::atomic<u32> word = static_cast<u32>(child);
  const Lock lock(word);
  EXPECT_EQ(lock.taken(), Taken::over);
  EXPECT_EQ(word, static_cast<u32>(::getpid()));
}

}  // namespace
}  // namespace skep::maps
