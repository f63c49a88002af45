#include "dwarf/names.hpp"

#include <array>
#include <utility>

namespace skep::dwarf {
namespace {

constexpr u32 kScopesMax = 64, kOriginsMax = 8;
constexpr std::string_view kNoNamespace = "(anonymous namespace)";

bool is_identifier(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

std::string_view word_of(char c) {
  switch (c) {
    case '*': return "ptr";
    case '&': return "ref";
    case '-': return "minus";
    default: return {};
  }
}

void separate(std::string& out) {
  if (!out.empty() && out.back() != '_') out += '_';
}

void append(std::string& out, char c) {
  if (c != '_' || !out.ends_with("__")) out += c;
}

}  // namespace

std::string c_identifier(std::string_view name) {
  std::string out;
  bool between = false;
  while (!name.empty()) {
    if (name.starts_with(kNoNamespace)) {
      name.remove_prefix(kNoNamespace.size());
      between = true;
      continue;
    }
    const char c = name.front();
    name.remove_prefix(1);
    const std::string_view word = word_of(c);
    if (!word.empty() || (between && is_identifier(c))) separate(out);
    out += word;
    if (is_identifier(c)) append(out, c);
    between = !is_identifier(c);
  }
  if (!out.empty() && out.front() >= '0' && out.front() <= '9') out.insert(out.begin(), '_');
  return out;
}

Result<Place> Names::declared(Place place) {
  for (u32 hops = 0; hops < kOriginsMax; ++hops) {
    const Abbreviation& row = place.unit->abbreviation(place.entry);
    const bool is_other = row.has_any(only(Attribute::specification));
    if (!is_other && !row.has_any(only(Attribute::abstract_origin))) break;
    const Value target =
        *place.unit->attributes(place.entry)
             .find(is_other ? Attribute::specification : Attribute::abstract_origin);
    const auto next = TRY(program_.follow(*place.unit, target));
    if (!next) break;
    place = *next;
  }
  return place;
}

Result<std::string> Names::own(Place place) {
  const Unit& unit = *place.unit;
  if (!unit.has(place.entry, Attribute::name)) return std::string();
  return std::string(unit.text(unit.attributes(place.entry).find(Attribute::name)));
}

// "a::b::" of the scopes around an entry that is declared there.
Result<std::string> Names::prefix(Place place, u32 depth) {
  const EntryNumber scope = (*place.unit)[place.entry].parent;
  if (scope == kRoot || place.entry == kRoot || depth > kScopesMax) return std::string();
  const auto known = prefixes_.find(&(*place.unit)[scope]);
  if (known != prefixes_.end()) return known->second;
  const Place around = TRY(declared({.unit = place.unit, .entry = scope}));
  std::string out = TRY(prefix(around, depth + 1));
  const Tag tag = around.unit->tag(around.entry);
  const std::string name = TRY(own(around));
  if (!name.empty()) out += name + (tag == Tag::subprogram ? "()::" : "::");
  if (name.empty() && tag == Tag::namespace_) out += std::string(kNoNamespace) + "::";
  if (out.size() > Unit::kTextMax) out.resize(Unit::kTextMax);
  prefixes_.emplace(&(*place.unit)[scope], out);
  return out;
}

std::string Names::spelled(std::string name) const {
  return naming_ == Naming::c_identifiers ? c_identifier(name) : std::move(name);
}

Result<std::string> Names::of(Place place) {
  std::string name = TRY(scoped(place));
  return place.unit->has_scopes() ? spelled(std::move(name)) : name;
}

Result<std::string> Names::scoped(Place place) {
  place = TRY(declared(place));
  std::string name = TRY(own(place));
  if (name.empty() || !place.unit->has_scopes()) return name;
  return TRY(prefix(place, 0)) + name;
}

Result<std::string> Names::of_enumerator(Place enumeration, std::string_view name) {
  if (naming_ == Naming::scoped || !enumeration.unit->has_scopes()) return std::string(name);
  std::string scopes = TRY(prefix(TRY(declared(enumeration)), 0));
  const bool has_own_scope =
      enumeration.unit->attributes(enumeration.entry).is_set(Attribute::enum_class);
  if (has_own_scope) scopes += TRY(own(enumeration)) + "::";
  return spelled(scopes + std::string(name));
}

}  // namespace skep::dwarf
