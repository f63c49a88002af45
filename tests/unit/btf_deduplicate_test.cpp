// Deduplicated types: byte for byte as libbpf does it.
#include <filesystem>

#include "btf/deduplicate.hpp"
#include "btf_peer.hpp"
#include "support/random_types.hpp"

namespace skep::btf {
namespace {

using Buffer = std::vector<std::byte>;

struct Results {
  Types ours;
  u32 peer_count;
  bool are_equal;
};

// The new id of each old type is that of an equal one.
Results results(const Builder& builder) {
  const Buffer input = builder.bytes().value();
  const Types before = Types::read(Bytes(input)).value();
  Deduplicated result = deduplicate(before).value();
  const Buffer output = result.builder.bytes().value();
  Types after = Types::read(Bytes(output)).value();
  EXPECT_EQ(result.ids.size(), before.count());
  for (TypeId id = 0; id < before.count(); ++id) {
    EXPECT_EQ(after.c_name(result.ids[id]), before.c_name(id)) << id;
  }
  const Peer peer = peer_of(input);
  EXPECT_EQ(btf__dedup(peer.get(), nullptr), 0);
  return {std::move(after), btf__type_cnt(peer.get()), output == bytes_of(peer)};
}

u32 expect_same(const Builder& builder) {
  const Results both = results(builder);
  EXPECT_EQ(both.ours.count(), both.peer_count);
  EXPECT_TRUE(both.are_equal);
  return both.ours.count();
}

Builder source_files(u64 seed, test::Conflicts conflicts) {
  test::Choices choices(seed);
  return test::random_source_files(choices, 2 + static_cast<u32>(seed % 6), conflicts);
}

TEST(Deduplicate, SourceFilesAsLibbpf) {
  u64 before = 0, after = 0;
  for (u64 seed = 0; seed < 300 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    const Builder builder = source_files(seed, test::Conflicts::none);
    before += builder.next_id();
    after += expect_same(builder);
  }
  EXPECT_LT(after, before / 2);
}

// Where source files contradict each other, which of two definitions an incomplete one agrees with
// is a matter of the order in which they are tried, and in libbpf that is the order of a hash
// table.
TEST(Deduplicate, SourceFilesWithConflictsNearlyAsLibbpf) {
  u64 ours = 0, theirs = 0, equal = 0;
  for (u64 seed = 0; seed < 300; ++seed) {
    const Results both = results(source_files(seed, test::Conflicts::some));
    ours += both.ours.count();
    theirs += both.peer_count;
    equal += u64{both.are_equal};
  }
  EXPECT_LT(ours, theirs + theirs / 200);
  EXPECT_GT(equal, 250u);
}

TEST(Deduplicate, RandomTypesAsLibbpf) {
  for (u64 seed = 0; seed < 60 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Builder builder;
    for (u64 file = 0; file < 3; ++file) {
      test::Choices choices(seed + file / 2);  // two are the same
      const Buffer bytes = test::random_types(choices, 60).bytes().value();
      builder.append(Types::read(Bytes(bytes)).value());
    }
    expect_same(builder);
  }
}

TEST(Deduplicate, CompiledObjectsAsLibbpf) {
  Builder builder;
  u32 objects = 0;
  for (const auto& file :
       std::filesystem::recursive_directory_iterator(SKEP_BINARY_DIR "/tests/bpf/object")) {
    if (file.path().extension() != ".o") continue;
    const auto types = Types::open(file.path());
    if (!types.ok()) continue;
    builder.append(*types);
    ++objects;
  }
  ASSERT_GT(objects, 10u);
  EXPECT_LT(expect_same(builder), builder.next_id() / 2);
}

TEST(Deduplicate, KeepsVariablesApart) {
  Builder builder;
  for (u32 i = 0; i < 2; ++i) {
    const TypeId number =
        builder.add({.name = "int", .kind = Kind::integer, .size = 4, .bits = 32});
    builder.add({.name = "x", .kind = Kind::variable, .type = number});
  }
  EXPECT_EQ(expect_same(builder), 4u);
}

TEST(Deduplicate, RefusesCirclesAndBases) {
  Builder circle;  // a prototype that returns itself
  circle.add({.kind = Kind::prototype, .type = 1}, std::span<const Parameter>());
  const Types types = Types::read(Bytes(circle.bytes().value())).value();
  EXPECT_EQ(deduplicate(types).error().message, "type 1 contains itself");
  const auto base =
      std::make_shared<const Types>(Types::read(Bytes(circle.bytes().value())).value());
  Builder split(base);
  split.add({.kind = Kind::pointer, .type = 1});
  const Types on_top = Types::read(Bytes(split.bytes().value()), base).value();
  EXPECT_EQ(deduplicate(on_top).error().fault, Fault::unsupported);
}

}  // namespace
}  // namespace skep::btf
