#include "btf/fingerprint.hpp"

#include <functional>

#include "btf/layout.hpp"

namespace skep::btf {
namespace {

constexpr u64 kMultiplier = 0x9e37'79b9'7f4a'7c15;  // 2^64 / golden ratio

u64 mixed(u64 sum, u64 value) {
  sum = (sum ^ value) * kMultiplier;
  return sum ^ sum >> 29;
}

u64 of_text(std::string_view text) { return std::hash<std::string_view>{}(text); }

// A declaration is the same as what it declares, and an enum of 64 bits another enum.
Kind spelled(const Type& type) {
  if (type.kind == Kind::forward) return type.is_union ? Kind::union_ : Kind::structure;
  return type.kind == Kind::enumeration64 ? Kind::enumeration : type.kind;
}

bool is_known_by_name(const Type& type) {
  return !type.name.empty() && type.kind != Kind::type_tag && type.kind != Kind::function &&
         type.kind != Kind::variable;
}

}  // namespace

u64 Fingerprints::reference(TypeId id, u32 depth) {
  if (id >= references_.size() || depth > kDepthMax) return 1;
  if (references_[id] != 0) return references_[id];
  references_[id] = 1;  // what refers to itself without a name between
  const Type type = types_.at(id);
  u64 sum = mixed(1, static_cast<u64>(spelled(type)));
  if (is_known_by_name(type)) {
    sum = mixed(sum, of_text(type.name));
  } else {
    sum = mixed(sum, definition(id, depth + 1));
  }
  return references_[id] = sum | 2;
}

u64 Fingerprints::use(TypeId id, u32 depth) {
  const auto size = types_.size_of(id);
  return mixed(reference(id, depth), size.ok() ? u64{*size} : ~u64{0});
}

u64 Fingerprints::definition(TypeId id, u32 depth) {
  const Type type = types_.at(id);
  u64 sum = mixed(type.size, static_cast<u64>(spelled(type)));
  switch (type.kind) {
    case Kind::integer: return mixed(sum, u64{type.bits} * 8 + static_cast<u64>(type.encoding));
    case Kind::structure:
    case Kind::union_: return mixed(sum, members(id, depth));
    case Kind::enumeration:
    case Kind::enumeration64:
      for (const Enumerator& each : types_.enumerators(id)) {
        sum = mixed(mixed(sum, of_text(each.name)), static_cast<u64>(each.value));
      }
      return sum;
    case Kind::array: return mixed(mixed(sum, type.count), reference(type.type, depth + 1));
    case Kind::prototype: return mixed(sum, parameters(id, depth));
    case Kind::type_tag:
      return mixed(mixed(sum, of_text(type.name)), reference(type.type, depth + 1));
    case Kind::typedef_:
    case Kind::variable: return mixed(sum, use(type.type, depth + 1));
    default: return mixed(sum, reference(type.type, depth + 1));
  }
}

u64 Fingerprints::members(TypeId id, u32 depth) {
  u64 sum = 0;
  for (const Member& each : types_.members(id)) {
    sum = mixed(mixed(sum, of_text(each.name)), u64{each.bit_offset} << 8 | each.bit_size);
    sum = mixed(sum, use(each.type, depth + 1));
  }
  return sum;
}

u64 Fingerprints::parameters(TypeId prototype, u32 depth) {
  u64 sum = reference(types_.at(prototype).type, depth + 1);
  for (const Parameter& each : types_.parameters(prototype)) {
    sum = mixed(sum, reference(each.type, depth + 1));
  }
  return sum;
}

}  // namespace skep::btf
