// Classes that were met before, in another unit.
//
// C++ lets a class be defined in many source files if it is the same in all of them, and large
// programs hold each a hundred times. Where name, size and every member are spelled alike the first
// one stands for all, so that neither it nor what it refers to is converted again. Classes that
// belong to one source file (those of functions and of namespaces without name) are left to
// btf::deduplicate, which compares more than spelling.
#include <algorithm>

#include "dwarf/converter.hpp"

namespace skep::dwarf {
namespace {

constexpr u32 kLinksMax = 32, kStepsMax = 1024;

u64 mixed(u64 hash, u64 value) {
  hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
  return hash ^ hash >> 32;
}
u64 mixed(u64 hash, std::string_view text) {
  return mixed(hash, std::hash<std::string_view>()(text));
}

bool belongs_to_one_file(std::string_view name) {
  return name.empty() || name.find("(anonymous") != std::string_view::npos ||
         name.find("()") != std::string_view::npos || name.find('<') == 0 ||
         name.find("<unnamed") != std::string_view::npos ||
         name.find("<lambda") != std::string_view::npos;
}

u64 of_number(const Attributes& attributes, Attribute attribute) {
  return attributes.number(attribute).value_or(~u64{0});
}

}  // namespace

Result<std::optional<btf::TypeId>> Converter::same_class(Place place) {
  const Unit& unit = *place.unit;
  if (!is_structure(unit.tag(place.entry)) || !unit.has_scopes())
    return std::optional<btf::TypeId>();
  if (unit.has(place.entry, Attribute::declaration)) return std::optional<btf::TypeId>();
  const std::string name = TRY(names_.scoped(place));
  if (belongs_to_one_file(name)) return std::optional<btf::TypeId>();
  u32 steps = 0;
  const u64 hash = mixed(TRY(fingerprint(place, steps)), name);
  const auto [entry, is_new] = classes_.try_emplace(hash, btf::kVoid);
  if (!is_new) return std::optional(entry->second);
  entry->second = enqueue({.place = place, .making = Making::entry});
  return std::optional(entry->second);
}

// Of a structure: its size, and all members by name, place and the spelling of their types.
Result<u64> Converter::fingerprint(Place place, u32& steps) {
  const Unit& unit = *place.unit;
  const Attributes whole = unit.attributes(place.entry);
  u64 hash = mixed(of_number(whole, Attribute::byte_size), static_cast<u64>(unit.tag(place.entry)));
  TRY(unit.for_each_child(place.entry, [&](EntryNumber child) -> Result<void> {
    const Tag tag = unit.tag(child);
    if (tag != Tag::member && tag != Tag::inheritance) return {};
    const Attributes each = unit.attributes(child);
    hash = mixed(mixed(hash, static_cast<u64>(tag)), unit.text(each.find(Attribute::name)));
    for (const Attribute attribute : {Attribute::member_location, Attribute::data_bit_offset,
                                      Attribute::bit_offset, Attribute::bit_size}) {
      hash = mixed(hash, of_number(each, attribute));
    }
    hash = mixed(hash, TRY(spelling({.unit = place.unit, .entry = child}, steps)));
    return {};
  }));
  return hash;
}

// Of the type that an entry is of, up to the first name. Structures without one are looked into,
// which for all of a class together is bounded.
Result<u64> Converter::spelling(Place place, u32& steps) {
  u64 hash = 0;
  for (u32 links = 0; links < kLinksMax; ++links) {
    const auto target = TRY(next(place, Attribute::type));
    if (!target) return mixed(hash, u64{1});
    place = *target;
    const Unit& unit = *place.unit;
    const Tag tag = unit.tag(place.entry);
    const Attributes attributes = unit.attributes(place.entry);
    hash = mixed(hash, static_cast<u64>(tag));
    if (attributes.has(Attribute::name)) return mixed(hash, TRY(names_.scoped(place)));
    if (attributes.has(Attribute::signature))
      return mixed(hash, attributes.find(Attribute::signature)->number);
    if (is_structure(tag)) {
      const u32 members = unit[place.entry].end - place.entry;
      steps = std::min(steps + members, kStepsMax);
      return steps == kStepsMax ? hash : mixed(hash, TRY(fingerprint(place, steps)));
    }
    if (tag != Tag::array_type) continue;
    TRY(unit.for_each_child(place.entry, [&](EntryNumber child) -> Result<void> {
      const Attributes range = unit.attributes(child);
      hash = mixed(mixed(hash, of_number(range, Attribute::upper_bound)),
                   of_number(range, Attribute::element_count));
      return {};
    }));
  }
  return hash;
}

}  // namespace skep::dwarf
