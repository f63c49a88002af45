// Which special fields a type has, and why it has none: layouts as `struct:` lines of a test case.
//
// What is expected is what Linux 6.18 answers to maps with such values (fields_kernel_test.cpp asks
// it about each kind of field and of map).
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "platform/map_fields.hpp"
#include "support/case_types.hpp"

namespace skep::platform {
namespace {

test::CaseTypes types_of(std::initializer_list<const char*> lines) {
  test::CaseFile file;
  for (const char* line : lines) file.fields.emplace_back("struct", line);
  return test::CaseTypes::of(file).value();
}

// Of an array whose value is the last structure, "v".
MapSpec map_with(const test::CaseTypes& types, MapKind kind = MapKind::array, u32 flags = 0) {
  MapSpec map;
  map.kind = kind;
  map.flags = flags;
  map.key_size = 4;
  map.key_type = types.key(4);
  map.value_type = types.structure("v");
  map.value_size = types.types()->size_of(map.value_type).value();
  find_fields(*types.types(), map);
  return map;
}

std::string text_of(const MapSpec& map) {
  std::string out;
  for (const SpecialField& field : map.fields) {
    out += format("{}{}@{}", out.empty() ? "" : " ", row(field.kind).name, field.offset);
    if (!field.type.empty()) out += ":" + field.type;
  }
  return map.fields_problem.empty() ? out : "none: " + map.fields_problem;
}

std::string fields(std::initializer_list<const char*> lines) {
  return text_of(map_with(types_of(lines)));
}

TEST(SpecialFields, AreFoundByNameAndTag) {
  EXPECT_EQ(fields({"v a=u64@0"}), "");
  EXPECT_EQ(fields({"v a=u64@0 l=bpf_spin_lock@8 t=bpf_timer@16 w=bpf_wq@32 k=bpf_task_work@48"}),
            "bpf_spin_lock@8 bpf_timer@16 bpf_wq@32 bpf_task_work@48");
  EXPECT_EQ(fields({"v p=kptr:task_struct@0 q=kptr_untrusted:sock@8 r=percpu_kptr:own@16"}),
            "kptr@0:task_struct kptr_untrusted@8:sock percpu_kptr@16:own");
  EXPECT_EQ(fields({"v p=ptr:task_struct@0"}), "") << "a pointer without a tag is bytes";
}

TEST(SpecialFields, AreFoundInStructuresAndArrays) {
  EXPECT_EQ(fields({"inner a=u64@0 l=bpf_spin_lock@8", "v a=u64@0 b=inner@8"}), "bpf_spin_lock@16");
  EXPECT_EQ(fields({"inner p=kptr:task_struct[2]@8", "v b=inner[2]@8"}),
            "kptr@16:task_struct kptr@24:task_struct kptr@40:task_struct kptr@48:task_struct");
  EXPECT_EQ(fields({"v l=bpf_spin_lock[1]@0"}), "bpf_spin_lock@0");
}

TEST(SpecialFields, RootsKnowTheirNodes) {
  const auto types = types_of(
      {"node key=u64@0 link=bpf_list_node@8", "v l=bpf_spin_lock@0 h=bpf_list_head:node.link@8"});
  const MapSpec map = map_with(types);
  ASSERT_EQ(map.fields.size(), 2u) << map.fields_problem;
  EXPECT_EQ(map.fields[1].type, "node");
  EXPECT_EQ(map.fields[1].type_id, types.structure("node"));
  EXPECT_EQ(map.fields[1].node_offset, 8u);
}

TEST(SpecialFields, ElsewhereTheyAreBytes) {
  EXPECT_EQ(fields({"v c=u8@0 l=bpf_spin_lock@1"}), "") << "not aligned";
  EXPECT_EQ(fields({"v n=bpf_list_node@0 m=bpf_rb_node@24"}), "") << "nodes are of own objects";
}

TEST(SpecialFields, BadLayoutsHaveNone) {
  const auto problem = [](std::initializer_list<const char*> lines) { return fields(lines); };
  EXPECT_EQ(problem({"v a=bpf_spin_lock@0 b=bpf_spin_lock@4"}),
            "none: it has two of bpf_spin_lock");
  EXPECT_EQ(problem({"v a=bpf_timer@0 b=bpf_timer@16"}), "none: it has two of bpf_timer");
  EXPECT_EQ(problem({"v a=bpf_spin_lock[2]@0"}), "none: bpf_spin_lock is in an array");
  EXPECT_EQ(problem({"v a=bpf_spin_lock@0 b=bpf_res_spin_lock@4"}),
            "none: it has a bpf_spin_lock and a bpf_res_spin_lock");
  EXPECT_EQ(problem({"v p=kptr:u32@0"}), "none: a kptr points to something else than a structure");
  EXPECT_EQ(problem({"v p=foo:task_struct@0"}),
            "none: a pointer has the tag foo, which says nothing to the kernel");
  EXPECT_EQ(problem({"v p=kptr:task_struct[12]@0"}), "none: it has more than 11 special fields");
  EXPECT_EQ(problem({"n k=bpf_list_node@0", "v h=bpf_list_head:n.k@0"}),
            "none: it has a list or a tree, and no lock that protects it");
  EXPECT_EQ(problem({"v l=bpf_spin_lock@0 h=bpf_list_head@8"}),
            "none: bpf_list_head does not say what it holds: __contains(STRUCTURE, MEMBER)");
  EXPECT_EQ(problem({"v l=bpf_spin_lock@0 h=bpf_list_head:n.k@8"}),
            "none: bpf_list_head holds struct n, which is not there");
  EXPECT_EQ(problem({"n k=u64@0", "v l=bpf_spin_lock@0 h=bpf_list_head:n.k@8"}),
            "none: struct n has no bpf_list_node k");
}

TEST(SpecialFields, MapsSayWhetherTheyMayHaveThem) {
  const auto lock = types_of({"v a=u64@0 l=bpf_spin_lock@8"});
  EXPECT_EQ(text_of(map_with(lock, MapKind::percpu_array)),
            "none: values of a percpu_array cannot have a bpf_spin_lock");
  EXPECT_EQ(text_of(map_with(lock, MapKind::array, kReadOnlyForProgram)),
            "none: programs may only read or only write its values");
  MapSpec outer;
  outer.kind = MapKind::array_of_maps;
  outer.inner = std::make_shared<const MapSpec>(map_with(lock));
  find_fields(*lock.types(), outer);
  EXPECT_EQ(text_of(*outer.inner), "bpf_spin_lock@8");
}

}  // namespace
}  // namespace skep::platform
