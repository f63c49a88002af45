#include "object/static_link/agreement.hpp"

#include <array>

#include "btf/compatible.hpp"
#include "object/map_definition.hpp"

namespace skep::object::static_link {
namespace {

using btf::Kind;
using btf::Type;
using btf::TypeId;
using platform::MapSpec;
using Found = Result<std::optional<Difference>>;

constexpr u64 kStepsMax = 1 << 17;
constexpr u32 kDepthMax = 128;  // of values in values, as of all types that are read

// By name only: what stands behind pointers.
enum class Look : u8 { inside, at_name };

class Comparison {
 public:
  Comparison(const btf::Types& left, const btf::Types& right) : left_(left), right_(right) {}

  Found run(const std::string& what, TypeId left, TypeId right) {
    return compare(what, Look::inside, left, right, 0);
  }

 private:
  Found types_differ(const std::string& what, TypeId left, TypeId right) const {
    return Difference{what, left_.c_name(left), right_.c_name(right)};
  }
  static Found numbers_differ(const std::string& what, u64 left, u64 right) {
    return Difference{what, format("{}", left), format("{}", right)};
  }

  Found compare(const std::string& what, Look look, TypeId left_id, TypeId right_id, u32 depth) {
    TRY(effort_.spend(1));
    if (depth > kDepthMax) return Error(Fault::exhausted, what + ": types are nested too deep");
    const TypeId l = left_.resolve(left_id), r = right_.resolve(right_id);
    const Type left = left_.at(l), right = right_.at(r);
    if (look == Look::at_name && (left.kind == Kind::forward) != (right.kind == Kind::forward)) {
      if (stands_for(left, right) || stands_for(right, left)) return std::nullopt;
      return types_differ(what, l, r);
    }
    if (left.kind != right.kind) return types_differ(what, l, r);
    switch (left.kind) {
      case Kind::void_: return std::nullopt;
      case Kind::forward:
        return left.name == right.name ? Found(std::nullopt) : types_differ(what, l, r);
      case Kind::integer:
      case Kind::floating:
        return left.size == right.size ? Found(std::nullopt) : types_differ(what, l, r);
      case Kind::enumeration:
      case Kind::enumeration64:
        if (left.name != right.name || left.size != right.size) return types_differ(what, l, r);
        return std::nullopt;
      case Kind::pointer: return compare(what, Look::at_name, left.type, right.type, depth + 1);
      case Kind::array:
      case Kind::variable:
      case Kind::function: return compare(what, look, left.type, right.type, depth + 1);
      case Kind::structure:
      case Kind::union_:
        if (left.name != right.name) return types_differ(what, l, r);
        return look == Look::at_name ? Found(std::nullopt) : members(what, l, r, depth);
      case Kind::prototype: return parameters(what, look, l, r, depth);
      default: return types_differ(what, l, r);
    }
  }

  static bool stands_for(const Type& forward, const Type& full) {
    return forward.kind == Kind::forward && is_structure(full.kind) && forward.name == full.name &&
           forward.is_union == (full.kind == Kind::union_);
  }

  Found members(const std::string& what, TypeId left_id, TypeId right_id, u32 depth) {
    const auto left = left_.members(left_id);
    const auto right = right_.members(right_id);
    if (left.size() != right.size()) {
      return numbers_differ("number of members of " + what, left.size(), right.size());
    }
    for (u32 at = 0; at < left.size(); ++at) {
      const btf::Member l = left[at], r = right[at];
      if (l.name != r.name) {
        return Difference{format("member {} of {}", at + 1, what), std::string(l.name),
                          std::string(r.name)};
      }
      const std::string member = format("{}.{}", what, l.name);
      if (l.bit_offset != r.bit_offset || l.bit_size != r.bit_size) {
        return numbers_differ("offset in bits of " + member, l.bit_offset, r.bit_offset);
      }
      if (auto found = TRY(compare(member, Look::inside, l.type, r.type, depth + 1))) return found;
    }
    return std::nullopt;
  }

  Found parameters(const std::string& what, Look look, TypeId left_id, TypeId right_id, u32 depth) {
    const auto left = left_.parameters(left_id);
    const auto right = right_.parameters(right_id);
    if (left.size() != right.size()) {
      return numbers_differ("number of parameters of " + what, left.size(), right.size());
    }
    for (u32 at = 0; at < left.size(); ++at) {
      const std::string parameter = format("parameter {} of {}", at + 1, what);
      if (auto found = TRY(compare(parameter, look, left[at].type, right[at].type, depth + 1))) {
        return found;
      }
    }
    return compare("result of " + what, look, left_.at(left_id).type, right_.at(right_id).type,
                   depth + 1);
  }

  const btf::Types& left_;
  const btf::Types& right_;
  btf::Effort effort_{kStepsMax};
};

struct Attribute {
  std::string_view name;
  u64 (*of)(const MapSpec&);
};
constexpr auto kAttributes = std::to_array<Attribute>({
    {"type", [](const MapSpec& map) { return u64{platform::kernel_number(map.kind)}; }},
    {"key_size", [](const MapSpec& map) { return u64{map.key_size}; }},
    {"value_size", [](const MapSpec& map) { return u64{map.value_size}; }},
    {"max_entries", [](const MapSpec& map) { return u64{map.max_entries}; }},
    {"map_flags", [](const MapSpec& map) { return u64{map.flags}; }},
    {"numa_node", [](const MapSpec& map) { return u64{map.numa_node}; }},
    {"map_extra", [](const MapSpec& map) { return map.extra; }},
    {"pinning", [](const MapSpec& map) { return u64{map.is_pinned_by_name}; }},
});

struct TypeAttribute {
  std::string_view name;
  u32 MapSpec::*type;
};
constexpr auto kTypeAttributes =
    std::to_array<TypeAttribute>({{"key", &MapSpec::key_type}, {"value", &MapSpec::value_type}});

Found compare_maps(const std::string& name, const btf::Types& left_types, const MapSpec& left,
                   const btf::Types& right_types, const MapSpec& right) {
  for (const Attribute& each : kAttributes) {
    if (each.of(left) == each.of(right)) continue;
    return Difference{format("{} of map {}", each.name, name), format("{}", each.of(left)),
                      format("{}", each.of(right))};
  }
  for (const TypeAttribute& each : kTypeAttributes) {
    const std::string what = format("{} of map {}", each.name, name);
    const TypeId l = left.*each.type, r = right.*each.type;
    if ((l == btf::kVoid) != (r == btf::kVoid)) {
      return Difference{what, left_types.c_name(l), right_types.c_name(r)};
    }
    if (auto found = TRY(Comparison(left_types, right_types).run(what, l, r))) return found;
  }
  if ((left.inner == nullptr) != (right.inner == nullptr)) {
    return Difference{format("values of map {}", name), left.inner ? "a map" : "no map",
                      right.inner ? "a map" : "no map"};
  }
  if (left.inner == nullptr) return std::nullopt;
  return compare_maps(left.inner->name, left_types, *left.inner, right_types, *right.inner);
}

}  // namespace

Result<std::optional<Difference>> difference(const btf::Types& left, TypeId left_id,
                                             const btf::Types& right, TypeId right_id) {
  return Comparison(left, right).run(std::string(left.name(left_id)), left_id, right_id);
}

Result<std::optional<Difference>> map_difference(const btf::Types& left, TypeId left_id,
                                                 const btf::Types& right, TypeId right_id) {
  const MapDefinition left_map = TRY(read_definition(left, left_id));
  const MapDefinition right_map = TRY(read_definition(right, right_id));
  return compare_maps(left_map.spec.name, left, left_map.spec, right, right_map.spec);
}

}  // namespace skep::object::static_link
