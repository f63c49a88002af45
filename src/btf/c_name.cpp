// Types by their names, for messages and tables.
#include "btf/declaration.hpp"
#include "btf/layout.hpp"

namespace skep::btf {
namespace {

constexpr SpellingLimits kNameLimits{.length_max = 256, .nesting_max = 4};

std::string base_name(const Types& types, TypeId id) {
  const Type type = types.at(id);
  const std::string_view name = type.name.empty() ? "(anonymous)" : type.name;
  switch (type.kind) {
    case Kind::structure: return format("struct {}", name);
    case Kind::union_: return format("union {}", name);
    case Kind::forward: return format("{} {}", type.is_union ? "union" : "struct", name);
    case Kind::enumeration:
    case Kind::enumeration64: return format("enum {}", name);
    case Kind::void_: return "void";
    default: return std::string(name);
  }
}

}  // namespace

std::string Types::c_declaration(TypeId id, std::string_view name) const {
  const auto base = [this](TypeId type) { return base_name(*this, type); };
  return Declarations(*this, kNameLimits, base).declare(id, name);
}

std::string Types::c_name(TypeId id) const { return c_declaration(id, {}); }

}  // namespace skep::btf
