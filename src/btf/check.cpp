// What makes a list of types safe to walk: references that end, at kinds that make sense, inside
// their structures.
//
// Two kinds of endless walk are refused: through values (a structure that contains itself) and
// through pointers that reach no structure (a typedef of a pointer to itself), which is how names
// are spelled. Both are bounded in depth, as in the kernel (MAX_RESOLVE_DEPTH in kernel/bpf/btf.c,
// which allows 32); unions of unions could still multiply without depth, so the number of fields in
// one value is bounded too.
#include <algorithm>

#include "btf/layout.hpp"

namespace skep::btf {
namespace {

constexpr u8 kVisiting = 255;
constexpr u32 kFieldsMax = 1u << 20;

enum class Along : u8 { values, pointers };

class GraphChecker {
 public:
  explicit GraphChecker(const Types& types)
      : types_(types), heights_(types.count()), fields_(types.count(), 1) {}

  Result<void> run() {
    for (TypeId id = types_.first(); id < types_.count(); ++id) TRY(references(id));
    TRY(walk_all(Along::pointers));
    TRY(walk_all(Along::values));
    for (TypeId id = types_.first(); id < types_.count(); ++id) TRY(sizes(id));
    return {};
  }

 private:
  Error wrong(TypeId id, std::string_view what) const {
    return {Fault::malformed, format("{}: {}", label(types_, id), what)};
  }

  bool is_value(TypeId id) const {
    const Kind kind = types_.kind(id);
    return kind != Kind::function && kind != Kind::variable && kind != Kind::section &&
           kind != Kind::declaration_tag;
  }

  bool may_refer(Refers refers, TypeId target) const {
    const Kind kind = types_.kind(target);
    switch (refers) {
      case Refers::never: return true;
      case Refers::to_value: return target != kVoid && is_value(target);
      case Refers::to_value_or_void: return is_value(target);
      case Refers::to_prototype: return kind == Kind::prototype;
      case Refers::to_tagged:
        return kind == Kind::structure || kind == Kind::union_ || kind == Kind::function ||
               kind == Kind::variable || kind == Kind::typedef_;
    }
    return false;
  }

  Result<void> reference(TypeId from, Refers refers, TypeId target) const {
    if (may_refer(refers, target)) return {};
    return wrong(from, format("refers to {}, which cannot stand there", label(types_, target)));
  }

  Result<void> references(TypeId id) const {
    const Type type = types_.at(id);
    const bool needs_name = type.kind == Kind::function || type.kind == Kind::variable ||
                            type.kind == Kind::section || type.kind == Kind::typedef_;
    if (needs_name && type.name.empty()) return wrong(id, "has no name");
    TRY(reference(id, kLayouts[type.kind].refers, type.type));
    if (type.kind == Kind::array) TRY(reference(id, Refers::to_value, type.type));
    for (const Member& member : types_.members(id)) {
      TRY(reference(id, Refers::to_value, member.type));
    }
    for (const Parameter& parameter : types_.parameters(id)) {
      TRY(reference(id, Refers::to_value_or_void, parameter.type));
    }
    for (const SectionVariable& variable : types_.variables(id)) {
      const Kind kind = types_.kind(variable.type);
      if (kind == Kind::variable || kind == Kind::function) continue;
      return wrong(id, format("holds {}, expected variables", label(types_, variable.type)));
    }
    return {};
  }

  Result<void> walk_all(Along walk) {
    std::ranges::fill(heights_, u8{0});
    for (TypeId id = types_.first(); id < types_.count(); ++id) TRY(visit(id, walk, 0));
    return {};
  }

  // Depth first. heights_ remembers what is below, so that every type is visited once.
  Result<void> visit(TypeId id, Along walk, u32 depth) {
    if (id == kVoid || (heights_[id] != 0 && heights_[id] != kVisiting)) return {};
    if (heights_[id] == kVisiting) return wrong(id, "contains itself");
    if (depth > kDepthMax) return wrong(id, "is nested too deep");
    heights_[id] = kVisiting;
    const Type type = types_.at(id);
    u8 height = 0;
    u64 fields = 0;
    auto below = [&](TypeId child) -> Result<void> {
      TRY(visit(child, walk, depth + 1));
      height = std::max(height, heights_[child]);
      fields += fields_[child];
      return {};
    };
    if (is_alias(type.kind) || type.kind == Kind::array || type.kind == Kind::variable ||
        (walk == Along::pointers && type.kind == Kind::pointer)) {
      TRY(below(type.type));
    }
    if (walk == Along::values) {
      for (const Member& member : types_.members(id)) TRY(below(member.type));
    }
    if (height >= kDepthMax) return wrong(id, "is nested too deep");
    if (fields > kFieldsMax) return wrong(id, format("has more than {} fields", kFieldsMax));
    heights_[id] = static_cast<u8>(height + 1);
    fields_[id] = std::max(static_cast<u32>(fields), 1u);
    return {};
  }

  // Every member inside. Needs walks that end. An array that nothing contains may have any length:
  // map definitions write numbers as lengths of arrays behind pointers.
  Result<void> sizes(TypeId id) const {
    const Type type = types_.at(id);
    for (const Member& member : types_.members(id)) {
      const u32 bytes = TRY(types_.size_of(member.type).within(label(types_, id)));
      const u64 bits = member.bit_size != 0 ? member.bit_size : u64{bytes} * 8;
      if (member.bit_offset + bits > u64{type.size} * 8) {
        return wrong(id,
                     format("member {} goes past its {}", member.name, counted(type.size, "byte")));
      }
      if (member.bit_size > bytes * 8 || (member.bit_size == 0 && member.bit_offset % 8 != 0)) {
        return wrong(id, format("member {} starts or ends inside a byte", member.name));
      }
    }
    return {};
  }

  const Types& types_;
  std::vector<u8> heights_;
  std::vector<u32> fields_;  // how many scalars a value has, arrays counted once
};

}  // namespace

Result<void> check_graph(const Types& types) { return GraphChecker(types).run(); }

Result<void> Types::check() const {
  TRY(check_records(*this));
  return check_graph(*this);
}

}  // namespace skep::btf
