#include "platform/map_fields.hpp"

#include <algorithm>

#include "base/enum_array.hpp"
#include "base/text.hpp"

namespace skep::platform {
namespace {

using btf::TypeId;
using btf::Types;
using BtfKind = btf::Kind;

constexpr MapKinds kElementMaps =
    set_of(MapKind::hash, MapKind::array, MapKind::lru_hash);          // of one value an element
constexpr MapKinds kRootMaps = set_of(MapKind::hash, MapKind::array);  // those with a lock
constexpr MapKinds kLocalMaps = set_of(MapKind::sk_storage, MapKind::inode_storage,
                                       MapKind::task_storage, MapKind::cgrp_storage);
constexpr MapKinds kLockedMaps =
    set_of(MapKind::hash, MapKind::array, MapKind::cgroup_storage) | kLocalMaps;
constexpr MapKinds kPointingMaps =
    kElementMaps | kLocalMaps |
    set_of(MapKind::percpu_hash, MapKind::percpu_array, MapKind::lru_percpu_hash);

// clang-format off
constexpr EnumArray<SpecialKind, SpecialRow> kSpecialRows({
    {SpecialKind::spin_lock,      {"bpf_spin_lock",      4, 4, HowMany::one,  kLockedMaps,   "5.1"}},
    {SpecialKind::res_spin_lock,  {"bpf_res_spin_lock",  4, 4, HowMany::one,  kLockedMaps,   "6.15"}},
    {SpecialKind::timer,          {"bpf_timer",         16, 8, HowMany::one,  kElementMaps, "5.15"}},
    {SpecialKind::workqueue,      {"bpf_wq",            16, 8, HowMany::one,  kElementMaps, "6.10"}},
    {SpecialKind::task_work,      {"bpf_task_work",      8, 8, HowMany::one,  kElementMaps, "6.18"}},
    {SpecialKind::list_head,      {"bpf_list_head",     16, 8, HowMany::many, kRootMaps,    "6.2"}},
    {SpecialKind::list_node,      {"bpf_list_node",     24, 8, HowMany::many, 0,         "6.2"}},
    {SpecialKind::rb_root,        {"bpf_rb_root",       16, 8, HowMany::many, kRootMaps,    "6.3"}},
    {SpecialKind::rb_node,        {"bpf_rb_node",       32, 8, HowMany::many, 0,         "6.3"}},
    {SpecialKind::refcount,       {"bpf_refcount",       4, 4, HowMany::many, kPointingMaps, "6.4"}},
    {SpecialKind::kptr_untrusted, {"kptr_untrusted",     8, 8, HowMany::many, kPointingMaps, "5.19"}},
    {SpecialKind::kptr,           {"kptr",               8, 8, HowMany::many, kPointingMaps, "5.19"}},
    {SpecialKind::percpu_kptr,    {"percpu_kptr",        8, 8, HowMany::many, kPointingMaps, "6.7"}},
    {SpecialKind::uptr,           {"uptr",               8, 8, HowMany::many, set_of(MapKind::task_storage), "6.13"}},
});
// clang-format on

constexpr std::size_t kFieldsMax = 11;  // BTF_FIELDS_MAX
constexpr int kTypeDepthMax = 32;       // MAX_RESOLVE_DEPTH
// What may stand in an array: the others are one to a value or know their owner by their place.
constexpr SpecialKinds kRepeatable = kPointerFields | kRootFields;

// A member of a structure, or a variable of a section.
struct FieldPlace {
  TypeId owner;   // whose declaration tags count
  s32 component;  // which of its members, or -1
  TypeId type;
  u64 offset;        // bytes
  u64 expected = 0;  // bytes that the section keeps for it; 0: not said
};

class FieldFinder {
 public:
  FieldFinder(const Types& types, SpecialKinds wanted) : types_(types), wanted_(wanted) {}

  FoundFields run(TypeId type) {
    const btf::Type outer = types_.at(type);
    if (outer.kind == BtfKind::structure) structure(type, 0, out_.fields);
    if (outer.kind == BtfKind::section) {
      SpecialKinds seen = 0;
      for (const btf::SectionVariable& variable : types_.variables(type)) {
        const TypeId inner = types_.at(variable.type).type;
        place({variable.type, -1, inner, variable.offset, variable.size}, 0, seen, out_.fields);
      }
    }
    check_together();
    if (!out_.problem.empty()) out_.fields.clear();
    return std::move(out_);
  }

 private:
  using Fields = std::vector<SpecialField>;

  void fail(std::string problem) {
    if (out_.problem.empty()) out_.problem = std::move(problem);
  }

  void structure(TypeId type, int depth, Fields& to) {
    if (depth >= kTypeDepthMax) return fail("structures nest too deep");
    SpecialKinds seen = 0;
    s32 number = 0;
    for (const btf::Member& member : types_.members(type)) {
      if (!out_.problem.empty()) return;
      if (member.bit_size == 0)
        place({type, number, member.type, member.bit_offset / 8}, depth, seen, to);
      ++number;
    }
  }

  // What stands at one place: a field, several of an array, or a structure that has some.
  void place(FieldPlace at, int depth, SpecialKinds& seen, Fields& to) {
    u64 count = 1;
    int arrays = 0;
    for (; types_.kind(at.type) == BtfKind::array; ++arrays) {
      if (arrays == kTypeDepthMax) return fail("arrays nest too deep");
      count *= types_.at(at.type).count;
      at.type = types_.at(at.type).type;
    }
    if (count == 0) return;
    const btf::Type type = types_.at(at.type);
    const bool is_structure = type.kind == BtfKind::structure;
    const SpecialKind kind = is_structure ? structure_kind(type.name) : SpecialKind::count_;
    if (is_structure && kind == SpecialKind::count_) {
      if (at.expected != 0 && at.expected != type.size * count) return;
      Fields inner;
      structure(at.type, depth + 1, inner);
      for (SpecialField& field : inner) field.offset += static_cast<u32>(at.offset);
      return repeat(inner, count, type.size, to);
    }
    if (kind != SpecialKind::count_ && row(kind).how_many == HowMany::one) {
      if ((seen & set_of(kind)) != 0) return fail(format("it has two of {}", row(kind).name));
      seen |= set_of(kind);
    }
    one(at, kind, count, to);
  }

  // A field itself: of `kind`, or a pointer that may be one.
  void one(const FieldPlace& at, SpecialKind kind, u64 count, Fields& to) {
    SpecialField field{.kind = kind, .offset = static_cast<u32>(at.offset)};
    if (kind == SpecialKind::count_ && !is_pointer_field(at.type, field)) return;
    const SpecialRow& known = row(field.kind);
    if (at.expected != 0 && at.expected != known.bytes * count) return;
    if (at.offset % known.alignment != 0) return;
    if (kind != SpecialKind::count_ && types_.at(at.type).size != known.bytes) return;
    if ((set_of(field.kind) & kRootFields) != 0) find_contents(at, field);
    Fields found;
    found.push_back(std::move(field));
    repeat(found, count, known.bytes, to);
  }

  void repeat(const Fields& found, u64 count, u64 bytes, Fields& to) {
    if (found.empty() || !out_.problem.empty()) return;
    for (const SpecialField& field : found) {
      if (count > 1 && (set_of(field.kind) & kRepeatable) == 0)
        return fail(format("{} is in an array", row(field.kind).name));
    }
    if (count > kFieldsMax || to.size() + found.size() * count > kFieldsMax)
      return fail(format("it has more than {} special fields", kFieldsMax));
    for (u64 n = 0; n < count; ++n) {
      for (SpecialField field : found) {
        field.offset += static_cast<u32>(n * bytes);
        to.push_back(std::move(field));
      }
    }
  }

  SpecialKind structure_kind(std::string_view name) const {
    for (const SpecialKind kind : every<SpecialKind>()) {
      const bool is_wanted = (wanted_ & set_of(kind) & ~kPointerFields) != 0;
      if (is_wanted && row(kind).name == name) return kind;
    }
    return SpecialKind::count_;
  }

  // A pointer to a structure with one of the tags (btf_find_kptr).
  bool is_pointer_field(TypeId id, SpecialField& field) {
    if ((wanted_ & kPointerFields) == 0) return false;
    if (types_.kind(id) == BtfKind::volatile_) id = types_.at(id).type;
    if (types_.kind(id) != BtfKind::pointer) return false;
    const btf::Type tag = types_.at(types_.at(id).type);
    if (tag.kind != BtfKind::type_tag || tag.is_attribute) return false;
    if (types_.kind(tag.type) == BtfKind::type_tag) {
      fail(format("a pointer has the tag {} and another one", tag.name));
      return false;
    }
    for (const SpecialKind kind : every<SpecialKind>()) {
      if ((set_of(kind) & kPointerFields) != 0 && row(kind).name == tag.name) field.kind = kind;
    }
    if (field.kind == SpecialKind::count_) {
      fail(format("a pointer has the tag {}, which says nothing to the kernel", tag.name));
      return false;
    }
    if ((wanted_ & set_of(field.kind)) == 0) return false;
    field.type_id = types_.resolve(tag.type);
    field.type = types_.name(field.type_id);
    if (types_.kind(field.type_id) == BtfKind::structure) return true;
    fail(format("a {} points to something else than a structure", tag.name));
    return false;
  }

  // "contains:STRUCTURE:MEMBER" (btf_find_graph_root and btf_parse_graph_root).
  void find_contents(const FieldPlace& at, SpecialField& field) {
    constexpr std::string_view kPrefix = "contains:";
    const std::string_view name = row(field.kind).name;
    std::string_view contents;
    for (TypeId id = types_.first(); id < types_.count(); ++id) {
      if (types_.kind(id) != BtfKind::declaration_tag) continue;
      const btf::Type tag = types_.at(id);
      const bool is_its = tag.type == at.owner && tag.component == at.component;
      if (is_its && tag.name.starts_with(kPrefix)) contents = tag.name.substr(kPrefix.size());
    }
    const std::size_t colon = contents.find(':');
    if (colon == std::string_view::npos)
      return fail(format("{} does not say what it holds: __contains(STRUCTURE, MEMBER)", name));
    field.type = contents.substr(0, colon);
    const auto id = types_.find(field.type, BtfKind::structure);
    if (!id) return fail(format("{} holds struct {}, which is not there", name, field.type));
    field.type_id = *id;
    const SpecialKind node =
        field.kind == SpecialKind::list_head ? SpecialKind::list_node : SpecialKind::rb_node;
    for (const btf::Member& member : types_.members(*id)) {
      if (member.name != contents.substr(colon + 1)) continue;
      if (types_.name(member.type) != row(node).name) break;
      field.node_offset = member.bit_offset / 8;
      return;
    }
    fail(format("struct {} has no {} {}", field.type, row(node).name, contents.substr(colon + 1)));
  }

  // What fields ask of each other (btf_parse_fields).
  void check_together() {
    std::ranges::stable_sort(out_.fields, {}, &SpecialField::offset);
    SpecialKinds all = 0;
    for (const SpecialField& field : out_.fields) all |= set_of(field.kind);
    const SpecialKinds locks = all & set_of(SpecialKind::spin_lock, SpecialKind::res_spin_lock);
    if (std::ranges::count(out_.fields, SpecialKind::spin_lock, &SpecialField::kind) > 1)
      fail("it has two of bpf_spin_lock");
    if (locks == set_of(SpecialKind::spin_lock, SpecialKind::res_spin_lock))
      fail("it has a bpf_spin_lock and a bpf_res_spin_lock");
    if ((all & kRootFields) != 0 && locks == 0)
      fail("it has a list or a tree, and no lock that protects it");
    if ((all & kNodeFields) == kNodeFields && (all & set_of(SpecialKind::refcount)) == 0)
      fail("it can be in a list and in a tree, and has no bpf_refcount");
  }

  const Types& types_;
  SpecialKinds wanted_;
  FoundFields out_;
};

// Of a map's value the kernel looks for these only: nodes there are bytes.
constexpr SpecialKinds fields_of_values() {
  SpecialKinds out = 0;
  for (const SpecialKind kind : every<SpecialKind>()) {
    if (kSpecialRows[kind].maps != 0) out |= set_of(kind);
  }
  return out;
}

std::string problem_with(const MapSpec& map, const std::vector<SpecialField>& fields) {
  if (fields.empty()) return {};
  if ((map.flags & (kReadOnlyForProgram | kWriteOnlyForProgram)) != 0)
    return "programs may only read or only write its values";
  if (map.key_type == 0 && !map.is_globals) return "its key has no type";
  for (const SpecialField& field : fields) {
    if ((row(field.kind).maps & set_of(map.kind)) != 0) continue;
    return format("values of a {} cannot have a {}", row(map.kind).name, row(field.kind).name);
  }
  return {};
}

}  // namespace

const SpecialRow& row(SpecialKind kind) { return kSpecialRows[kind]; }

FoundFields find_fields(const Types& types, TypeId type, SpecialKinds wanted) {
  return FieldFinder(types, wanted).run(types.resolve(type));
}

void find_fields(const Types& types, MapSpec& map) {
  if (map.inner != nullptr) {
    MapSpec inner = *map.inner;
    find_fields(types, inner);
    map.inner = std::make_shared<const MapSpec>(std::move(inner));
  }
  if (map.value_type == 0) return;
  FoundFields found = find_fields(types, map.value_type, fields_of_values());
  if (found.problem.empty()) found.problem = problem_with(map, found.fields);
  map.fields_problem = std::move(found.problem);
  if (map.fields_problem.empty()) map.fields = std::move(found.fields);
}

}  // namespace skep::platform
