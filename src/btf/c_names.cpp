#include "btf/c_names.hpp"

namespace skep::btf {
namespace {

bool may_be_in_identifier(char c) {
  return c == '_' || (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

}  // namespace

std::string CNames::name(TypeId id) {
  const auto known = names_.find(id);
  if (known != names_.end()) return known->second;
  const Type type = types_.at(id);
  Kind kind = type.kind == Kind::enumeration64 ? Kind::enumeration : type.kind;
  bool announces = kind == Kind::enumeration && type.count == 0;
  if (kind == Kind::forward) {
    announces = true;
    kind = type.is_union ? Kind::union_ : Kind::structure;
  }
  std::string name = c_identifier(type.name);
  if (!name.empty()) {
    Uses& uses = kind == Kind::typedef_ ? identifiers_ : tags_;
    name = announces ? announce(uses, name, kind) : define(uses, name, kind);
  }
  return names_.emplace(id, std::move(name)).first->second;
}

std::string CNames::enumerator(std::string_view name) {
  return define(identifiers_, c_identifier(name), Kind::enumeration);
}

std::string CNames::announce(Uses& uses, std::string_view name, Kind kind) {
  Use& use = uses[std::string(name)];
  if (use.kind == Kind::void_) use.kind = kind;
  return use.kind == kind ? std::string(name) : numbered(uses, name, kind);
}

std::string CNames::define(Uses& uses, std::string_view name, Kind kind) {
  Use& use = uses[std::string(name)];
  if (use.is_defined || (use.kind != Kind::void_ && use.kind != kind)) {
    return numbered(uses, name, kind);
  }
  use.kind = kind;
  use.is_defined = true;
  return std::string(name);
}

// Numbers go on until no type has that name by itself.
std::string CNames::numbered(Uses& uses, std::string_view name, Kind kind) {
  while (true) {
    std::string out = format("{}___{}", name, ++uses[std::string(name)].number);
    if (uses.emplace(out, Use{kind, true}).second) return out;
  }
}

std::string c_identifier(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (!may_be_in_identifier(c)) c = '_';
  }
  if (!out.empty() && out.front() >= '0' && out.front() <= '9') out.insert(0, 1, '_');
  return out;
}

}  // namespace skep::btf
