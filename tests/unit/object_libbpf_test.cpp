// The same objects through libbpf: maps, programs and, where bpf(2) is allowed, every relocated
// instruction.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <map>
#include <memory>

#include "isa/tables.hpp"
#include "object_files.hpp"

namespace skep::object {
namespace {

using Peer = std::unique_ptr<bpf_object, decltype(&bpf_object__close)>;

Peer open_peer(const std::string& name) {
  libbpf_set_print(nullptr);
  return {bpf_object__open_file(object_path(name).c_str(), nullptr), bpf_object__close};
}

// libbpf puts a part of the object's name before .data, .rodata and .bss.
bool same_name(const std::string& ours, const std::string& theirs) {
  return ours == theirs || (ours.starts_with('.') && theirs.ends_with(ours));
}

const bpf_map* find_map(const bpf_object* peer, const std::string& name) {
  const bpf_map* map = nullptr;
  bpf_object__for_each_map(map, peer) {
    if (same_name(name, bpf_map__name(map))) return map;
  }
  return nullptr;
}

u32 count_maps(const bpf_object* peer) {
  u32 count = 0;
  const bpf_map* map = nullptr;
  bpf_object__for_each_map(map, peer)++ count;
  return count;
}

class Libbpf : public testing::TestWithParam<const char*> {
 protected:
  const Object object_ = Object::open(object_path(GetParam())).value();
  const Peer peer_ = open_peer(GetParam());
};

TEST_P(Libbpf, SameMaps) {
  ASSERT_NE(peer_, nullptr);
  EXPECT_EQ(object_.maps().size(), count_maps(peer_.get()));
  for (const platform::MapSpec& map : object_.maps()) {
    const bpf_map* theirs = find_map(peer_.get(), map.name);
    ASSERT_NE(theirs, nullptr) << map.name;
    EXPECT_EQ(platform::kernel_number(map.kind), u32{bpf_map__type(theirs)}) << map.name;
    EXPECT_EQ(map.key_size, bpf_map__key_size(theirs)) << map.name;
    EXPECT_EQ(map.value_size, bpf_map__value_size(theirs)) << map.name;
    EXPECT_EQ(map.max_entries, bpf_map__max_entries(theirs)) << map.name;
    EXPECT_EQ(map.flags, bpf_map__map_flags(theirs)) << map.name;
    if (map.kind != platform::MapKind::ringbuf && !map.is_globals) {
      EXPECT_EQ(map.key_type, bpf_map__btf_key_type_id(theirs)) << map.name;
      EXPECT_EQ(map.value_type, bpf_map__btf_value_type_id(theirs)) << map.name;
    }
    if (!map.is_globals) continue;
    size_t size = 0;
    const void* initial = bpf_map__initial_value(const_cast<bpf_map*>(theirs), &size);
    ASSERT_EQ(size, map.initial.size()) << map.name;
    EXPECT_EQ(std::memcmp(initial, map.initial.data(), size), 0) << map.name;
  }
}

TEST_P(Libbpf, SamePrograms) {
  ASSERT_NE(peer_, nullptr);
  u32 count = 0;
  bpf_program* theirs = nullptr;
  bpf_object__for_each_program(theirs, peer_.get())++ count;
  EXPECT_EQ(object_.programs().size(), count);
  for (const ProgramEntry& entry : object_.programs()) {
    theirs = bpf_object__find_program_by_name(peer_.get(), entry.name.c_str());
    ASSERT_NE(theirs, nullptr) << entry.name;
    EXPECT_EQ(entry.section, bpf_program__section_name(theirs));
    EXPECT_EQ(platform::kernel_number(entry.type), u32{bpf_program__type(theirs)}) << entry.name;
    EXPECT_EQ(entry.slots, bpf_program__insn_cnt(theirs)) << entry.name;
    EXPECT_EQ(entry.is_optional, !bpf_program__autoload(theirs)) << entry.name;
  }
}

// Numbers of maps for the descriptors that libbpf wrote.
std::vector<isa::Slot> with_map_numbers(const bpf_program* theirs, const std::map<int, u32>& maps) {
  const auto* slots = reinterpret_cast<const isa::Slot*>(bpf_program__insns(theirs));
  std::vector<isa::Slot> out(slots, slots + bpf_program__insn_cnt(theirs));
  for (std::size_t at = 0; at < out.size(); ++at) {
    if (out[at].opcode != 0x18) continue;
    const auto kind = static_cast<isa::Constant>(out[at].src());
    if (kind == isa::Constant::map || kind == isa::Constant::map_value) {
      out[at].immediate = static_cast<s32>(maps.at(out[at].immediate));
    }
    ++at;
  }
  return out;
}

TEST_P(Libbpf, SameInstructionsAfterRelocation) {
  ASSERT_NE(peer_, nullptr);
  const int loaded = bpf_object__load(peer_.get());
  if (loaded == -EPERM) GTEST_SKIP() << "bpf(2) is not allowed here";
  ASSERT_EQ(loaded, 0) << std::strerror(-loaded);
  std::map<int, u32> maps;
  for (u32 number = 0; number < object_.maps().size(); ++number) {
    maps[bpf_map__fd(find_map(peer_.get(), object_.maps()[number].name))] = number;
  }
  for (const ProgramEntry& entry : object_.programs()) {
    if (entry.is_optional) continue;  // libbpf does not relocate what it does not load
    const bpf_program* theirs = bpf_object__find_program_by_name(peer_.get(), entry.name.c_str());
    const std::vector<isa::Slot> expected = with_map_numbers(theirs, maps);
    const auto program = object_.program(entry.name).value();
    const std::vector<isa::Slot> slots = isa::encode(program->code).value();
    ASSERT_EQ(slots.size(), expected.size()) << entry.name;
    for (std::size_t at = 0; at < slots.size(); ++at) {
      EXPECT_EQ(slots[at], expected[at]) << entry.name << " slot " << at;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Objects, Libbpf, testing::Values("features", "plain"));

}  // namespace
}  // namespace skep::object
