// Our maps beside the kernel's: the same random operations must give the same results, errors and
// walks.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "kernel_bpf.hpp"
#include "maps/map.hpp"

namespace skep::maps {
namespace {

using kernel_test::bpf;
using kernel_test::no_attributes;
using platform::MapKind;
using platform::Update;
using Block = std::vector<std::byte>;

// A map of the kernel, with the owner's operations.
class KernelMap {
 public:
  KernelMap(u32 kind, u32 key_size, u32 value_size, u32 max_entries)
      : fd_(Fd::adopt(
            static_cast<int>(kernel_test::create_map(kind, key_size, value_size, max_entries)))) {}

  bool exists() const { return fd_.get() >= 0; }

  s64 update(const Block& key, const Block& value, u64 flags) const {
    bpf_attr attributes = named(key);
    attributes.value = reinterpret_cast<u64>(value.data());
    attributes.flags = flags;
    return bpf(BPF_MAP_UPDATE_ELEM, attributes);
  }
  s64 lookup(const Block& key, Block& value) const {
    bpf_attr attributes = named(key);
    attributes.value = reinterpret_cast<u64>(value.data());
    return bpf(BPF_MAP_LOOKUP_ELEM, attributes);
  }
  s64 erase(const Block& key) const {
    bpf_attr attributes = named(key);
    return bpf(BPF_MAP_DELETE_ELEM, attributes);
  }
  s64 next(const Block& key, Block& next) const {
    bpf_attr attributes = named(key);
    attributes.next_key = reinterpret_cast<u64>(next.data());
    return bpf(BPF_MAP_GET_NEXT_KEY, attributes);
  }

 private:
  bpf_attr named(const Block& key) const {
    bpf_attr attributes = no_attributes();
    attributes.map_fd = static_cast<u32>(fd_.get());
    attributes.key = key.empty() ? 0 : reinterpret_cast<u64>(key.data());
    return attributes;
  }
  Fd fd_;
};

struct Shape {
  const char* name;
  MapKind kind;
  u32 key_size;
  u32 value_size;
  u32 max_entries;
};

// Keys come from a few more than fit, so that every map gets full, misses and is asked for indexes
// past its end.
Block random_key(const Shape& shape, std::mt19937& random) {
  const u32 number = static_cast<u32>(random()) % (shape.max_entries + 3);
  Block key(shape.key_size);
  std::memcpy(key.data(), &number, std::min<std::size_t>(sizeof(number), key.size()));
  return key;
}

std::set<Block> walk_of(const Map& map) {
  std::set<Block> keys;
  for (auto key = map.next_key({}); key; key = map.next_key(*key)) keys.insert(*key);
  return keys;
}

std::set<Block> walk_of(const KernelMap& map, u32 key_size) {
  std::set<Block> keys;
  Block key, next(key_size);
  while (map.next(key, next) == 0) {
    keys.insert(next);
    key = next;
  }
  return keys;
}

class BesideTheKernel : public testing::TestWithParam<Shape> {};

TEST_P(BesideTheKernel, RandomOperationsGiveTheSameResults) {
  if (const std::string why = kernel_test::refusal(); !why.empty()) GTEST_SKIP() << why;
  const Shape& shape = GetParam();
  platform::MapSpec spec;
  spec.name = shape.name;
  spec.kind = shape.kind;
  spec.key_size = shape.key_size;
  spec.value_size = shape.value_size;
  spec.max_entries = shape.max_entries;
  const Map ours = Map::create(spec, 3).value();
  const KernelMap theirs(platform::kernel_number(shape.kind), shape.key_size, shape.value_size,
                         shape.max_entries);
  ASSERT_TRUE(theirs.exists());
  std::mt19937 random(1);
  for (u32 round = 0; round < 4000; ++round) {
    const Block key = random_key(shape, random);
    Block value(shape.value_size);
    std::ranges::generate(value, [&] { return static_cast<std::byte>(random()); });
    const u32 choice = static_cast<u32>(random()) % 8;
    if (choice < 4) {
      // Not BPF_F_LOCK: the system call looks at it before the index, the helper, as we do, after
      // it.
      const u64 flags = choice == 3 ? std::array<u64, 3>{3, 8, u64{1} << 63}[random() % 3] : choice;
      ASSERT_EQ(update(ours.header(), key.data(), value.data(), static_cast<Update>(flags), 0),
                theirs.update(key, value, flags))
          << "flags " << flags << " round " << round;
    } else if (choice < 6) {
      ASSERT_EQ(erase(ours.header(), key.data()), theirs.erase(key)) << "round " << round;
    } else if (choice == 6) {
      const auto found = ours.lookup_copy(key);
      Block expected(shape.value_size);
      ASSERT_EQ(found.ok() ? 0 : -ENOENT, theirs.lookup(key, expected));
      if (found.ok()) {
        ASSERT_EQ(*found, expected);
      }
    } else if (shape.kind == MapKind::array) {
      Block expected(shape.key_size);
      const auto next = ours.next_key(key);
      ASSERT_EQ(next ? 0 : -ENOENT, theirs.next(key, expected));
      if (next) {
        ASSERT_EQ(*next, expected);
      }
    } else if (round % 16 == 0) {
      ASSERT_EQ(walk_of(ours), walk_of(theirs, shape.key_size));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, BesideTheKernel,
                         testing::Values(Shape{"hash", MapKind::hash, 4, 8, 7},
                                         Shape{"hash of one", MapKind::hash, 8, 4, 1},
                                         Shape{"hash of odd sizes", MapKind::hash, 13, 3, 40},
                                         Shape{"hash of pairs", MapKind::hash, 40, 16, 64},
                                         Shape{"array", MapKind::array, 4, 8, 5},
                                         Shape{"array of odd values", MapKind::array, 4, 13, 1}),
                         [](const auto& info) {
                           std::string name = info.param.name;
                           std::ranges::replace(name, ' ', '_');
                           return name;
                         });

}  // namespace
}  // namespace skep::maps
