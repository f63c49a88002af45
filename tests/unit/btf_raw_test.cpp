// Types as they are written down: the same text and the same JSON as bpftool's, byte for byte, of
// every object that is built here and of the kernel.
#include <algorithm>
#include <filesystem>

#include "base/mapping.hpp"
#include "btf/builder.hpp"
#include "btf/print_raw.hpp"
#include "btf/targets.hpp"
#include "support/random_types.hpp"
#include "support/scratch.hpp"

namespace skep::btf {
namespace {

namespace fs = std::filesystem;

std::string our_text(const Types& types) {
  std::string out;
  for (TypeId id = types.first(); id < types.count(); ++id) out += raw_text(types, id);
  return out;
}

// Of the kernel, a third: it takes long to write and to read.
std::string our_json(const Types& types) {
  constexpr TypeId kEndMax = 40'000;
  std::string out = "{\"types\":[";
  const TypeId end = std::min(types.count(), kEndMax);
  for (TypeId id = types.first(); id < end; ++id) out += raw_json(types, id) + ",";
  out.pop_back();
  return end == types.count() ? out + "]}" : out;
}

// bpftool's JSON (not its text) gives enumerators of 32 bits without a sign 64, filled up with the
// highest one.
std::string without_wrong_signs(std::string json) {
  constexpr std::string_view kWrong = "\"val\":18446744", kKind = "\"kind\":\"ENUM";
  for (std::size_t at = 0; (at = json.find(kWrong, at)) != std::string::npos;) {
    const std::size_t begin = at + std::string_view("\"val\":").size();
    const std::size_t end = json.find('}', begin);
    const u64 value = std::stoull(json.substr(begin, end - begin));
    const std::size_t kind = json.rfind(kKind, at) + kKind.size();
    if (json[kind] == '"')
      json.replace(begin, end - begin, std::to_string(static_cast<u32>(value)));
    at = begin;
  }
  return json;
}

void expect_equal(const std::string& ours, const std::string& theirs, const std::string& what) {
  if (ours == theirs) return;
  const auto [left, right] = std::mismatch(ours.begin(), ours.end(), theirs.begin(), theirs.end());
  const auto at = static_cast<std::size_t>(left - ours.begin());
  const std::size_t from = at < 200 ? 0 : at - 200;
  ADD_FAILURE() << what << " differs at byte " << at << ":\n"
                << ours.substr(from, 400) << "\nand bpftool:\n"
                << theirs.substr(from, 400);
}

// Not by Scratch::run(), whose way to read is slow where there are tens of megabytes.
std::string printed(const test::Scratch& scratch, const std::string& command) {
  scratch.run("(" + command + " >printed.txt)");
  const Mapping file = Mapping::of_file(scratch.path("printed.txt")).value();
  return {reinterpret_cast<const char*>(file.bytes().data()), file.size()};
}

void expect_same(const std::string& path, const test::Scratch& scratch) {
  const auto types = Types::open(path);
  ASSERT_TRUE(types.ok()) << types.error().what();
  expect_equal(our_text(*types), printed(scratch, "bpftool btf dump file " + path), path);
  std::string json = printed(scratch, "bpftool -j btf dump file " + path);
  const std::string ours = our_json(*types);
  json = without_wrong_signs(std::move(json));
  json.resize(std::min(json.size(), ours.size()));
  expect_equal(ours, json, path + " as JSON");
}

TEST(PrintRaw, ObjectsAsBpftool) {
  const test::Scratch scratch;
  u32 count = 0;
  for (const auto& entry : fs::recursive_directory_iterator(SKEP_SOURCE_DIR "/build/bpf")) {
    if (entry.path().extension() != ".o") continue;
    expect_same(entry.path().string(), scratch);
    ++count;
  }
  EXPECT_GT(count, 10u);
}

TEST(PrintRaw, TheKernelAsBpftool) {
  if (!Types::open(kKernelTypes).ok())
    GTEST_SKIP() << kKernelTypes << " is not there: NOT COMPARED";
  expect_same(kKernelTypes, test::Scratch());
}

TEST(PrintRaw, RandomTypesAsBpftool) {
  const test::Scratch scratch;
  for (u64 seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    test::Choices choices(seed);
    const std::vector<std::byte> bytes = test::random_types(choices, 300).bytes().value();
    scratch.write("types.btf", std::span(bytes));
    const Types types = Types::open(scratch.path("types.btf")).value();
    expect_equal(our_text(types), scratch.run("bpftool btf dump file types.btf"), "text");
  }
}

// What no tool writes: the rest of the line must be there all the same.
TEST(PrintRaw, NamesAndElementsThatAreNotThere) {
  Builder builder;
  builder.add({.name = "number", .kind = Kind::integer, .size = 4, .bits = 32});
  const SectionVariable variables[] = {{.type = 99, .offset = 8, .size = 4}};
  builder.add({.name = ".data", .kind = Kind::section, .size = 12}, variables);
  std::vector<std::byte> bytes = builder.bytes().value();
  constexpr std::size_t kHeaderBytes = 24;
  bytes[kHeaderBytes] = std::byte{0xff};  // the name of the first
  const test::Scratch scratch;
  scratch.write("types.btf", std::span(bytes));
  const Types types = Types::open(scratch.path("types.btf")).value();
  EXPECT_EQ(raw_text(types, 1),
            "[1] INT '(invalid)' size=4 bits_offset=0 nr_bits=32 encoding=(none)\n");
  EXPECT_EQ(raw_text(types, 2),
            "[2] DATASEC '.data' size=12 vlen=1\n\ttype_id=99 offset=8 size=4\n");
}

}  // namespace
}  // namespace skep::btf
