// Structures: where each member lies, in every way that versions of DWARF and compilers have said
// it.
#include <algorithm>

#include "dwarf/field.hpp"

namespace skep::dwarf {
namespace {

using btf::Kind;
using btf::TypeId;

constexpr u64 kSizeMax = ~u32{0};
constexpr u64 kBitOffsetMax = ~u32{0}, kBitFieldOffsetMax = 0xffffff, kBitSizeMax = 255;
constexpr std::size_t kMembersMax = 0xffff;
constexpr u32 kBasesMax = 64, kSizeHopsMax = 128;

// The place of a member in bytes: a number, or the one operation that adds a number.
std::optional<u64> location_of(const Unit& unit, const Attributes& attributes) {
  const Value* value = attributes.find(Attribute::member_location);
  if (value == nullptr) return 0;
  if (value->is_number()) return value->number;
  if (value->meaning != Meaning::block) return std::nullopt;
  const Bytes block = unit.block(*value);
  Cursor cursor(block);
  const u64 operation = cursor.number(1);
  const u64 offset = cursor.uleb();
  const bool is_plain = operation == kPlusConstant || operation == kConstant;
  return is_plain && !cursor.failed() && cursor.at_end() ? std::optional(offset) : std::nullopt;
}

bool is_static(const Attributes& attributes) {
  return attributes.is_set(Attribute::external) || attributes.is_set(Attribute::declaration);
}

}  // namespace

Result<void> Converter::add_structure(Place place) {
  const Attributes attributes = place.unit->attributes(place.entry);
  const auto size = attributes.number(Attribute::byte_size);
  if (attributes.is_set(Attribute::declaration) || !size || *size > kSizeMax) {
    return add_forward(place);
  }
  const std::string name = TRY(name_of(place));
  auto fields = TRY(fields_of(place));
  fit(fields);
  std::vector<btf::Member> members;
  for (const Field& each : fields) {
    members.push_back({.name = each.name,
                       .type = each.type,
                       .bit_offset = static_cast<u32>(each.bit_offset),
                       .bit_size = static_cast<u32>(each.bit_size)});
  }
  const bool is_union = place.unit->tag(place.entry) == Tag::union_type;
  builder_.add({.name = name,
                .kind = is_union ? Kind::union_ : Kind::structure,
                .size = static_cast<u32>(*size)},
               members);
  return {};
}

Result<void> Converter::add_forward(Place place) {
  const std::string name = TRY(name_of(place));
  const bool is_union = place.unit->tag(place.entry) == Tag::union_type;
  builder_.add({.name = name.empty() ? "unknown" : std::string_view(name),
                .kind = Kind::forward,
                .is_union = is_union});
  return {};
}

Result<std::vector<Converter::Field>> Converter::fields_of(Place place) {
  std::vector<Field> fields;
  TRY(place.unit->for_each_child(place.entry, [&](EntryNumber child) -> Result<void> {
    std::optional<Field> field;
    switch (place.unit->tag(child)) {
      case Tag::member: field = TRY(member(place, child)); break;
      case Tag::inheritance: field = TRY(base_class(place, child)); break;
      case Tag::variant_part: notes_.count(Omission::variant); break;
      default: break;
    }
    if (field) fields.push_back(std::move(*field));
    return {};
  }));
  return fields;
}

// A member without a name, so that what it has is reached as if it were the structure's own. A base
// class without data takes no room and is no member.
Result<std::optional<Converter::Field>> Converter::base_class(Place structure, EntryNumber entry) {
  const Place place{.unit = structure.unit, .entry = entry};
  const Attributes attributes = place.unit->attributes(entry);
  const auto offset = location_of(*place.unit, attributes);
  if (attributes.is_set(Attribute::virtuality) || !offset) {
    notes_.count(Omission::virtual_base);
    return std::optional<Field>();
  }
  const auto named = TRY(next(place, Attribute::type));
  const auto base = named ? TRY(behind_aliases(*named)) : std::nullopt;
  if (!base || TRY(is_empty(*base))) return std::optional<Field>();
  return std::optional(Field{.name = "", .type = TRY(id_of(*base)), .bit_offset = *offset * 8});
}

Result<std::optional<Converter::Field>> Converter::member(Place structure, EntryNumber entry) {
  const Place place{.unit = structure.unit, .entry = entry};
  const Attributes attributes = place.unit->attributes(entry);
  if (is_static(attributes)) return std::optional<Field>();
  const auto offset = location_of(*place.unit, attributes);
  if (!offset || *offset > kSizeMax) {
    notes_.count(offset ? Omission::too_far : Omission::computed_place);
    return std::optional<Field>();
  }
  Field field{.name = name_in(*place.unit, attributes)};
  field.bit_offset = *offset * 8;
  field.bit_size = attributes.number(Attribute::bit_size).value_or(0);
  if (const auto bits = attributes.number(Attribute::data_bit_offset)) {
    field.bit_offset += *bits;
  } else if (const auto from_top = attributes.number(Attribute::bit_offset)) {
    // DWARF 2 and 3 count from the highest bit of what the field is stored in.
    const u64 storage = TRY(storage_bytes(place, attributes)) * 8;
    field.bit_offset += storage - *from_top - field.bit_size;
  }
  field.type = TRY(type_of(place));
  return std::optional(std::move(field));
}

// The type that typedefs and const are names for; nothing for void.
Result<std::optional<Place>> Converter::behind_aliases(Place place) {
  auto settled = TRY(settle(place));
  for (u32 hops = 0; settled && hops < kSizeHopsMax; ++hops) {
    const Tag tag = settled->unit->tag(settled->entry);
    const bool is_alias = tag == Tag::typedef_ || tag == Tag::template_alias ||
                          tag == Tag::const_type || tag == Tag::volatile_type;
    if (!is_alias) break;
    const auto target = TRY(next(*settled, Attribute::type));
    settled = target ? TRY(settle(*target)) : std::nullopt;
  }
  return settled;
}

Result<u64> Converter::storage_bytes(Place place, const Attributes& attributes) {
  auto size = attributes.number(Attribute::byte_size);
  for (u32 hops = 0; !size && hops < kSizeHopsMax; ++hops) {
    const auto target = TRY(next(place, Attribute::type));
    if (!target) return u64{0};
    place = *target;
    size = place.unit->attributes(place.entry).number(Attribute::byte_size);
  }
  return size.value_or(0);
}

// Compilers name the pointer to the virtual functions each in their way: _vptr.Shape, _vptr$Shape.
std::string Converter::name_in(const Unit& unit, const Attributes& attributes) {
  const std::string_view name = unit.text(attributes.find(Attribute::name));
  if (name.starts_with("_vptr") && attributes.is_set(Attribute::artificial)) return "_vptr";
  return std::string(name);
}

// Whether nothing in it takes room: no members, and no base classes that have some.
Result<bool> Converter::is_empty(Place place) {
  u32 steps = 0;
  return is_empty(place, steps);
}

Result<bool> Converter::is_empty(Place place, u32& steps) {
  const auto settled = TRY(behind_aliases(place));
  if (!settled || ++steps > kBasesMax) return false;
  const Unit& unit = *settled->unit;
  if (!is_structure(unit.tag(settled->entry))) return false;
  if (unit.attributes(settled->entry).is_set(Attribute::declaration)) return false;
  bool empty = true;
  TRY(unit.for_each_child(settled->entry, [&](EntryNumber child) -> Result<void> {
    if (!empty) return {};
    const Tag tag = unit.tag(child);
    if (tag == Tag::variant_part) empty = false;
    if (tag == Tag::member) empty = is_static(unit.attributes(child));
    if (tag == Tag::inheritance) {
      const auto base = TRY(next({.unit = settled->unit, .entry = child}, Attribute::type));
      empty = base && TRY(is_empty(*base, steps));
    }
    return {};
  }));
  return empty;
}

// By rising place, as kernels want them, and within what BTF has bits for.
void Converter::fit(std::vector<Field>& fields) {
  std::ranges::stable_sort(fields, {}, &Field::bit_offset);
  const auto leave_out = [&](auto is_too_far) {
    const auto gone = std::erase_if(fields, is_too_far);
    for (std::size_t i = 0; i < gone; ++i) notes_.count(Omission::too_far);
  };
  leave_out([](const Field& each) {
    return each.bit_offset > kBitOffsetMax || each.bit_size > kBitSizeMax;
  });
  const bool is_large = !fields.empty() && fields.back().bit_offset > kBitFieldOffsetMax;
  if (is_large) leave_out([](const Field& each) { return each.bit_size != 0; });
  if (fields.size() > kMembersMax) {
    notes_.count(Omission::too_many);
    fields.resize(kMembersMax);
  }
}

}  // namespace skep::dwarf
