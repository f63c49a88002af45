// Types as C spells them. A declarator grows from the inside out: each type that is met on the way
// from the outer to the innermost one wraps what is there already, and brackets appear where a
// pointer meets an array or a prototype. Names of hostile objects may be endless (functions taking
// functions): spelling stops at a length.
#include "btf/layout.hpp"

namespace skep::btf {
namespace {

constexpr std::size_t kLengthMax = 256;
constexpr u32 kNestingMax = 4;  // of prototypes inside prototypes

class Speller {
 public:
  explicit Speller(const Types& types) : types_(types) {}

  std::string spell(TypeId id, std::string declarator, u32 nesting) const {
    std::string qualifiers;  // of what comes next
    while (declarator.size() < kLengthMax) {
      const Type& type = types_.at(id);
      switch (type.kind) {
        case Kind::const_: qualifiers += "const "; break;
        case Kind::volatile_: qualifiers += "volatile "; break;
        case Kind::restrict_: qualifiers += "restrict "; break;
        case Kind::type_tag:
        case Kind::variable:
        case Kind::declaration_tag: break;
        case Kind::pointer: declarator = pointer(type, qualifiers, declarator); break;
        case Kind::array: declarator += format("[{}]", type.count); break;
        case Kind::prototype: declarator += parameters(id, nesting); break;
        default: return finished(qualifiers + base(type), declarator);
      }
      if (qualifiers.size() > kLengthMax) break;
      id = type.type;
    }
    return finished("...", declarator.substr(0, kLengthMax));
  }

 private:
  static std::string finished(std::string name, const std::string& declarator) {
    if (declarator.empty()) return name;
    return format("{}{}{}", name, declarator.starts_with('[') ? "" : " ", declarator);
  }

  static std::string base(const Type& type) {
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

  std::string pointer(const Type& type, std::string& qualifiers, const std::string& inner) const {
    std::string out = "*" + std::exchange(qualifiers, {}) + inner;
    TypeId target = type.type;
    while (types_.at(target).kind == Kind::type_tag) target = types_.at(target).type;
    const Kind kind = types_.at(target).kind;
    if (out.ends_with(' ')) out.pop_back();
    return kind == Kind::array || kind == Kind::prototype ? "(" + out + ")" : out;
  }

  std::string parameters(TypeId id, u32 nesting) const {
    if (nesting >= kNestingMax) return "(...)";
    std::string out;
    const auto list = types_.parameters(id);
    for (const Parameter& parameter : list) {
      if (!out.empty()) out += ", ";
      const bool variadic = parameter.type == kVoid && &parameter == &list.back();
      out += variadic ? "..." : spell(parameter.type, {}, nesting + 1);
      if (out.size() > kLengthMax) break;
    }
    return format("({})", out.empty() ? "void" : out);
  }

  const Types& types_;
};

}  // namespace

std::string Types::c_name(TypeId id) const { return Speller(*this).spell(id, {}, 0); }

std::string Types::c_declaration(TypeId id, std::string_view name) const {
  return Speller(*this).spell(id, std::string(name), 0);
}

}  // namespace skep::btf
