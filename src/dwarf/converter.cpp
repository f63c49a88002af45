#include "dwarf/converter.hpp"

#include <algorithm>

#include "btf/deduplicate.hpp"
#include "btf/section_reader.hpp"

namespace skep::dwarf {
namespace {

constexpr u32 kHopsMax = 128;
constexpr u64 kNamesMax = u64{1} << 30;

Result<btf::Types> unchecked(const btf::Builder& builder) {
  const auto section = TRY(builder.bytes());
  return btf::SectionReader(nullptr, btf::Walk::now).copied(Bytes(section));
}

bool is_local_name(std::string_view name) {
  return name.starts_with("<lambda") || name.starts_with("._anon");
}

}  // namespace

using btf::TypeId;

Result<void> Converter::add_unit(Unit& unit) {
  TRY(add_roots(unit));
  names_.forget();
  return {};
}

Result<void> Converter::add_roots(Unit& unit) {
  for (EntryNumber entry = kRoot; entry < unit.entries().size(); ++entry) {
    TRY(add_root(unit, entry));
    TRY(drain());
    if (builder_.next_id() >= merge_at_) TRY(merge_equal());
  }
  return {};
}

Result<void> Converter::add_root(Unit& unit, EntryNumber entry) {
  const Place place{.unit = &unit, .entry = entry};
  const Abbreviation& row = unit.abbreviation(entry);
  const bool is_declared = row.has_any(only(Attribute::declaration));
  const Tag around = unit.tag(unit[entry].parent);
  if (is_structure(row.tag)) {
    if (TRY(is_root_structure(unit, entry))) TRY(id_of(place));
  } else if (row.tag == Tag::enumeration_type) {
    if (row.has_any(only(Attribute::name)) && !is_declared) TRY(id_of(place));
  } else if (row.tag == Tag::typedef_) {
    if (is_unit(around) || around == Tag::namespace_) TRY(id_of(place));
  } else if (row.tag == Tag::variable) {
    if (!is_declared) TRY(type_of(TRY(names_.declared(place))));
  } else if (row.tag == Tag::subprogram && functions_ == Functions::yes) {
    const AttributeSet has_code = only(Attribute::low_pc) | only(Attribute::ranges);
    if (!row.has_any(has_code) || TRY(name_of(place)).empty()) return {};
    enqueue({.place = place, .making = Making::function});
  }
  return {};
}

// One to read data by: those without any are there for compilers, and C++ has thousands.
Result<bool> Converter::is_root_structure(Unit& unit, EntryNumber entry) {
  const Abbreviation& row = unit.abbreviation(entry);
  const AttributeSet names = only(Attribute::name) | only(Attribute::specification);
  if (!row.has_any(names) || row.has_any(only(Attribute::declaration))) return false;
  if (!unit.has_scopes()) return true;
  const Attributes attributes = unit.attributes(entry);
  if (is_local_name(unit.text(attributes.find(Attribute::name)))) return false;
  return !TRY(is_empty({.unit = &unit, .entry = entry}));
}

Result<void> Converter::drain() {
  while (!queue_.empty()) {
    const TypeId id = builder_.next_id();
    TRY(add(queue_.front()));
    EXPECT(builder_.next_id() == id + 1);
    queue_.pop_front();
    if (builder_.string_bytes() > kNamesMax) {
      return Error(Fault::exhausted, format("names take more than {} bytes", kNamesMax));
    }
  }
  return {};
}

// Where much is unique, the next time is later.
Result<void> Converter::merge_equal() {
  EXPECT(queue_.empty());
  auto merged = TRY(btf::deduplicate(TRY(unchecked(builder_))));
  builder_ = std::move(merged.builder);
  program_.for_each_loaded([&](Unit& unit) {
    for (TypeId& id : unit.type_ids()) id = merged.ids[id];
  });
  for (auto& [fingerprint, id] : classes_) id = merged.ids[id];
  merge_at_ = std::clamp(builder_.next_id() * 2, kMergeAt, kMergeAtMost);
  return {};
}

Result<btf::Types> Converter::types() {
  TRY(merge_equal());
  return unchecked(builder_);
}

// The first of the queue is the next to be written, and stays there until it is.
TypeId Converter::enqueue(const Item& item) {
  queue_.push_back(item);
  return builder_.next_id() + static_cast<TypeId>(queue_.size()) - 1;
}

Result<TypeId> Converter::type_of(Place place) {
  if (!place.unit->has(place.entry, Attribute::type)) return btf::kVoid;
  const auto target = TRY(next(place, Attribute::type));
  return target ? id_of(*target) : Result<TypeId>(btf::kVoid);
}

Result<std::optional<Place>> Converter::next(Place place, Attribute attribute) {
  const Attributes attributes = place.unit->attributes(place.entry);
  const Value* value = attributes.find(attribute);
  if (value == nullptr) return std::optional<Place>();
  auto target = TRY(program_.follow(*place.unit, *value));
  if (!target) notes_.count(Omission::broken_reference);
  return target;
}

Result<TypeId> Converter::id_of(Place place) {
  TypeId& known = place.unit->type_id(place.entry);
  if (known != btf::kVoid) return known;
  const auto settled = TRY(settle(place));
  if (!settled) return btf::kVoid;
  const TypeId id = TRY(known_or_enqueued(*settled));
  known = id;
  return id;
}

Result<TypeId> Converter::known_or_enqueued(Place place) {
  TypeId& known = place.unit->type_id(place.entry);
  if (known != btf::kVoid) return known;
  if (const auto same = TRY(same_class(place))) return known = *same;
  return known = enqueue({.place = place, .making = Making::entry});
}

// The entry that says what a type is, behind those that only refer to it; nothing for void.
Result<std::optional<Place>> Converter::settle(Place place) {
  for (u32 hops = 0; hops < kHopsMax; ++hops) {
    Unit& unit = *place.unit;
    const Abbreviation& row = unit.abbreviation(place.entry);
    std::optional<Place> further;
    if (is_transparent(row.tag) || (row.tag == Tag::typedef_ && TRY(name_of(place)).empty())) {
      further = TRY(next(place, Attribute::type));
      if (!further) return std::optional<Place>();
    } else if (row.has_any(only(Attribute::declaration)) &&
               row.has_any(only(Attribute::signature))) {
      further = TRY(next(place, Attribute::signature));
    } else if (const EntryNumber whole = unit.definition_of(place.entry); whole != kNoEntry) {
      further = Place{.unit = &unit, .entry = whole};
    } else if (row.tag == Tag::unspecified_type) {
      const bool is_null = TRY(name_of(place)).find("nullptr") != std::string::npos;
      return is_null ? std::optional(place) : std::nullopt;
    }
    if (!further) return std::optional(place);
    place = *further;
  }
  notes_.count(Omission::broken_reference);
  return std::optional<Place>();
}

Result<std::string> Converter::name_of(Place place) {
  std::string name = TRY(names_.of(place));
  if (name.size() < Unit::kTextMax) return name;
  notes_.count(Omission::cut_name);
  name.resize(Unit::kTextMax);
  return name;
}

}  // namespace skep::dwarf
