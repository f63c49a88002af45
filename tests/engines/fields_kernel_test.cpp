// The table of special fields beside the kernel: which kinds of maps take values with each, and how
// long and aligned each is.
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "engines/kernel_bpf.hpp"
#include "platform/map_fields.hpp"
#include "support/case_types.hpp"

namespace skep::platform {
namespace {

constexpr MapKind kAsked[] = {
    MapKind::hash,         MapKind::array,           MapKind::percpu_hash, MapKind::percpu_array,
    MapKind::lru_hash,     MapKind::lru_percpu_hash, MapKind::sk_storage,  MapKind::inode_storage,
    MapKind::task_storage, MapKind::cgrp_storage};

// Structures whose value is a field behind 8 bytes.
std::string type_of(SpecialKind kind) {
  const std::string name(row(kind).name);
  if ((set_of(kind) & kPointerFields) != 0) return name + ":own";
  if ((set_of(kind) & kRootFields) == 0) return name;
  return name + (kind == SpecialKind::list_head ? ":node.link" : ":leaf.link");
}

test::CaseTypes types_with(SpecialKind kind, const std::string& place) {
  test::CaseFile file;
  const bool has_root = (set_of(kind) & kRootFields) != 0;
  file.fields.emplace_back("struct", "own a=u64@0");
  file.fields.emplace_back("struct", "node key=u64@0 link=bpf_list_node@8");
  file.fields.emplace_back("struct", "leaf key=u64@0 link=bpf_rb_node@8");
  file.fields.emplace_back("struct", format("v {}it={}@{}", has_root ? "lock=bpf_spin_lock@0 " : "",
                                            type_of(kind), place));
  return test::CaseTypes::of(file).value();
}

s64 load(const btf::Types& types) {
  bpf_attr attributes = kernel_test::no_attributes();
  attributes.btf = reinterpret_cast<u64>(types.bytes().data());
  attributes.btf_size = static_cast<u32>(types.bytes().size());
  return kernel_test::bpf(BPF_BTF_LOAD, attributes);
}

s64 create(MapKind kind, int fd, const test::CaseTypes& types) {
  const bool is_storage = kind == MapKind::sk_storage || kind == MapKind::inode_storage ||
                          kind == MapKind::task_storage || kind == MapKind::cgrp_storage;
  bpf_attr attributes = kernel_test::no_attributes();
  attributes.map_type = kernel_number(kind);
  attributes.key_size = 4;
  attributes.value_size = types.types()->size_of(types.structure("v")).value();
  attributes.max_entries = is_storage ? 0 : 1;
  attributes.map_flags = is_storage ? BPF_F_NO_PREALLOC : 0;
  attributes.btf_fd = static_cast<u32>(fd);
  attributes.btf_key_type_id = types.key(4);
  attributes.btf_value_type_id = types.structure("v");
  return kernel_test::bpf(BPF_MAP_CREATE, attributes);
}

class FieldBesideTheKernel : public testing::TestWithParam<SpecialKind> {};

TEST_P(FieldBesideTheKernel, IsTakenByTheSameMaps) {
  if (const std::string why = kernel_test::refusal(); !why.empty()) GTEST_SKIP() << why;
  const SpecialKind field = GetParam();
  if (row(field).maps == 0) return;  // in no map
  const test::CaseTypes types = types_with(field, "8");
  const s64 raw = load(*types.types());
  ASSERT_GE(raw, 0) << row(field).name << ": its types are refused: " << raw;
  const Fd fd = Fd::adopt(static_cast<int>(raw));
  for (const MapKind kind : kAsked) {
    const s64 map = create(kind, fd.get(), types);
    const bool takes = (row(field).maps & set_of(kind)) != 0;
    EXPECT_EQ(map >= 0, takes) << row(field).name << " in a " << row(kind).name << ": " << map;
    if (!takes) EXPECT_EQ(map, -EOPNOTSUPP) << row(kind).name;
    if (map >= 0) ::close(static_cast<int>(map));
  }
}

// A map that takes no such field takes the bytes of one that is shifted by less than its alignment.
TEST_P(FieldBesideTheKernel, IsAsAligned) {
  if (const std::string why = kernel_test::refusal(); !why.empty()) GTEST_SKIP() << why;
  const SpecialKind field = GetParam();
  const SpecialKinds structures =
      set_of(SpecialKind::timer, SpecialKind::workqueue, SpecialKind::task_work, SpecialKind::uptr);
  if ((set_of(field) & structures) == 0) return;  // the kernel refuses the types of the others
  const test::CaseTypes types = types_with(field, format("{}", row(field).alignment / 2));
  const s64 raw = load(*types.types());
  ASSERT_GE(raw, 0) << row(field).name;
  const Fd fd = Fd::adopt(static_cast<int>(raw));
  const s64 map = create(MapKind::percpu_array, fd.get(), types);
  EXPECT_GE(map, 0) << row(field).name;
  if (map >= 0) ::close(static_cast<int>(map));
}

INSTANTIATE_TEST_SUITE_P(Kinds, FieldBesideTheKernel, testing::ValuesIn(every<SpecialKind>()),
                         [](const auto& kind) { return std::string(row(kind.param).name); });

}  // namespace
}  // namespace skep::platform
