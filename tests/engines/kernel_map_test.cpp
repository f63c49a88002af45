// kernel::Map against the kernel: what is written by bpf(2) alone is read by the class, and the
// other way round.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "btf/types.hpp"
#include "engines/kernel_bpf.hpp"
#include "events/contents.hpp"
#include "events/report.hpp"
#include "kernel/map.hpp"
#include "maps/map.hpp"

namespace skep::kernel {
namespace {

using kernel_test::create_map;
using platform::MapKind;
using platform::Update;

class KernelMap : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = kernel_test::refusal(); !why.empty()) GTEST_SKIP() << why;
  }
};

Map make(MapKind kind, u32 key_size, u32 value_size, u32 max_entries) {
  const s64 fd = create_map(platform::kernel_number(kind), key_size, value_size, max_entries);
  EXPECT_GE(fd, 0);
  return Map::of(Fd::adopt(static_cast<int>(fd))).value();
}
template <class T>
std::span<const std::byte> bytes_of(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}
template <class T>
T load(std::span<const std::byte> bytes, std::size_t at = 0) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

// The command itself, without the class.
s64 raw_update(const Map& map, const void* key, const void* value) {
  bpf_attr attributes = kernel_test::no_attributes();
  attributes.map_fd = static_cast<u32>(map.fd().get());
  attributes.key = reinterpret_cast<u64>(key);
  attributes.value = reinterpret_cast<u64>(value);
  return kernel_test::bpf(BPF_MAP_UPDATE_ELEM, attributes);
}

TEST_F(KernelMap, TellsWhatTheKernelTells) {
  const Map map = make(MapKind::hash, 4, 12, 77);
  EXPECT_EQ(map.spec().kind, MapKind::hash);
  EXPECT_EQ(map.spec().key_size, 4u);
  EXPECT_EQ(map.spec().value_size, 12u);
  EXPECT_EQ(map.spec().max_entries, 77u);
  EXPECT_EQ(map.user_value_size(), 12u);
  EXPECT_EQ(map.count(), 0u);
}

TEST_F(KernelMap, ReadsChangesAndErases) {
  Map map = make(MapKind::hash, 4, 8, 4);
  const u32 key = 7;
  const u64 value = 70;
  ASSERT_EQ(raw_update(map, &key, &value), 0);
  EXPECT_EQ(load<u64>(map.lookup_copy(bytes_of(key)).value()), 70u);
  ASSERT_TRUE(map.update(bytes_of(key), bytes_of(u64{71}), Update::only_existing).ok());
  EXPECT_EQ(load<u64>(map.lookup_copy(bytes_of(key)).value()), 71u);
  EXPECT_EQ(map.update(bytes_of(key), bytes_of(u64{72}), Update::only_new).error().fault,
            Fault::usage);
  EXPECT_EQ(load<u64>(map.take(bytes_of(key)).value()), 71u);
  EXPECT_EQ(map.lookup_copy(bytes_of(key)).error().fault, Fault::absent);
  EXPECT_EQ(map.erase(bytes_of(key)).error().fault, Fault::absent);
}

TEST_F(KernelMap, RefusesWrongSizesFullMapsAndWhatAKindCannotDo) {
  Map map = make(MapKind::hash, 4, 8, 1);
  EXPECT_EQ(map.lookup_copy(bytes_of(u64{1})).error().message,
            "map : a key of 8 instead of 4 bytes");
  EXPECT_EQ(map.update(bytes_of(u32{1}), bytes_of(u32{1}), Update::any).error().message,
            "map : a value of 4 instead of 8 bytes");
  ASSERT_TRUE(map.update(bytes_of(u32{1}), bytes_of(u64{1}), Update::any).ok());
  EXPECT_EQ(map.update(bytes_of(u32{2}), bytes_of(u64{1}), Update::any).error().fault,
            Fault::exhausted);
  Map array = make(MapKind::array, 4, 8, 3);
  EXPECT_EQ(array.erase(bytes_of(u32{1})).error().fault, Fault::unsupported);
  EXPECT_EQ(array.update(bytes_of(u32{3}), bytes_of(u64{1}), Update::any).error().fault,
            Fault::absent);
  EXPECT_EQ(make(MapKind::queue, 0, 8, 3).key_after({}).error().fault, Fault::unsupported);
}

TEST_F(KernelMap, QueuesAreTakenFrom) {
  Map queue = make(MapKind::queue, 0, 4, 3);
  for (const u32 value : {5u, 6u}) ASSERT_TRUE(queue.update({}, bytes_of(value), Update::any).ok());
  EXPECT_EQ(load<u32>(queue.lookup_copy({}).value()), 5u);
  EXPECT_EQ(load<u32>(queue.take({}).value()), 5u);
  EXPECT_EQ(load<u32>(queue.take({}).value()), 6u);
  EXPECT_EQ(queue.take({}).error().fault, Fault::absent);
}

TEST_F(KernelMap, AFrozenMapTakesNoWrites) {
  Map map = make(MapKind::array, 4, 8, 1);
  ASSERT_TRUE(map.freeze().ok());
  EXPECT_EQ(map.update(bytes_of(u32{0}), bytes_of(u64{1}), Update::any).error().fault,
            Fault::denied);
  EXPECT_TRUE(map.lookup_copy(bytes_of(u32{0})).ok());
}

// Many more elements than one batch takes, so that batches must follow each other without a gap.
void reads_every_element_once(MapKind kind, u32 entries, u32 key_size) {
  // An LRU map lets go of elements before it is full, on each CPU for itself.
  Map map = make(kind, key_size, 8, kind == MapKind::lru_hash ? entries * 8 : entries);
  std::vector<std::byte> key(key_size);
  for (u32 each = 0; each < entries; ++each) {
    std::memcpy(key.data(), &each, sizeof(each));
    const u64 value = u64{each} * 3;
    ASSERT_EQ(raw_update(map, key.data(), &value), 0) << each;
  }
  std::map<u32, u64> seen;
  u64 calls = 0;
  const auto read = map.for_each([&](auto read_key, auto value) {
    ++calls;
    seen[load<u32>(read_key)] = load<u64>(value);
  });
  EXPECT_TRUE(read.ok());
  EXPECT_EQ(calls, entries);
  ASSERT_EQ(seen.size(), entries);
  for (const auto& [number, value] : seen) ASSERT_EQ(value, u64{number} * 3);
  std::set<u32> walked;
  for (auto at = map.next_key({}); at; at = map.next_key(*at)) walked.insert(load<u32>(*at));
  EXPECT_EQ(walked.size(), entries);
  EXPECT_EQ(map.count(), entries);
}
TEST_F(KernelMap, ReadsAHashByBatches) { reads_every_element_once(MapKind::hash, 20'000, 4); }
TEST_F(KernelMap, ReadsAHashOfLongKeysByBatches) {
  reads_every_element_once(MapKind::hash, 5'000, 300);
}
TEST_F(KernelMap, ReadsAnArrayByBatches) { reads_every_element_once(MapKind::array, 10'000, 4); }
TEST_F(KernelMap, ReadsAnLruHash) { reads_every_element_once(MapKind::lru_hash, 1'000, 4); }

TEST_F(KernelMap, PerCpuValuesAreOfAllPossibleCpus) {
  Map map = make(MapKind::percpu_array, 4, 4, 2);
  // sysconf's idea of it is not ours: it reads the folder of CPUs.
  ASSERT_EQ(map.cpus(), static_cast<u32>(::sysconf(_SC_NPROCESSORS_CONF)));
  ASSERT_EQ(map.user_value_size(), u64{8} * map.cpus());
  std::vector<u64> values(map.cpus());
  for (u32 cpu = 0; cpu < map.cpus(); ++cpu) values[cpu] = 100 + cpu;
  const auto bytes = std::as_bytes(std::span(values));
  ASSERT_TRUE(map.update(bytes_of(u32{1}), bytes, Update::any).ok());
  const auto read = map.lookup_copy(bytes_of(u32{1})).value();
  for (u32 cpu = 0; cpu < map.cpus(); ++cpu) EXPECT_EQ(load<u32>(read, cpu * 8), 100 + cpu);
}

// Both engines' maps of the same contents are shown as the same.
TEST_F(KernelMap, IsShownAsAMapOfTheUserEngineIs) {
  platform::MapSpec spec;
  spec.name = "same";
  spec.kind = MapKind::hash;
  spec.key_size = 4;
  spec.value_size = 8;
  spec.max_entries = 9;
  maps::Map user = maps::Map::create(spec, 1).value();
  Fd fd = Fd::adopt(static_cast<int>(create_map(BPF_MAP_TYPE_HASH, 4, 8, 9)));
  Map kernel = Map::of(std::move(fd), spec).value();
  for (u32 each = 0; each < 5; ++each) {
    ASSERT_TRUE(user.update(bytes_of(each), bytes_of(u64{each}), Update::any).ok());
    ASSERT_TRUE(kernel.update(bytes_of(each), bytes_of(u64{each}), Update::any).ok());
  }
  const btf::Types none;
  const auto shown = [&](const maps::View& map) {
    return events::contents_json(*events::read_contents(map, none), 0);
  };
  EXPECT_EQ(shown(kernel), shown(user));
  EXPECT_NE(shown(kernel).find("entries"), std::string::npos);
}

TEST_F(KernelMap, OfAnIdThatIsGoneIsAbsent) {
  const auto gone = Map::open(0x7fffffff);
  ASSERT_FALSE(gone.ok());
  EXPECT_EQ(gone.error().fault, Fault::absent);
}

}  // namespace
}  // namespace skep::kernel
