// Each kind of entry, written as the kind of type that BTF has for it.
#include <algorithm>

#include "dwarf/converter.hpp"

namespace skep::dwarf {
namespace {

using btf::Kind;
using btf::TypeId;

constexpr u32 kPointerBytes = 8, kIntegerBytesMax = 16, kDimensionsMax = 32;
constexpr std::size_t kListMax = 0xffff;

btf::Encoding encoding_of(u64 number) {
  switch (static_cast<Encoding>(number)) {
    case Encoding::boolean: return btf::Encoding::boolean;
    case Encoding::signed_:
    case Encoding::signed_char:
    case Encoding::signed_fixed: return btf::Encoding::signed_;
    default: return btf::Encoding::unsigned_;
  }
}

bool is_floating(u64 number) {
  const auto encoding = static_cast<Encoding>(number);
  return encoding == Encoding::floating || encoding == Encoding::imaginary_float ||
         encoding == Encoding::decimal_float;
}

// Elements of one dimension; 0 when it is open, or known only to code.
u64 length_of(const Attributes& bounds) {
  if (const auto count = bounds.number(Attribute::element_count)) return *count;
  const Value* upper = bounds.find(Attribute::upper_bound);
  if (upper == nullptr || !upper->is_number()) return 0;
  const bool is_minus_one = upper->length != 0 && upper->length <= 8 && upper->length >= 4 &&
                            upper->number == ~u64{0} >> (64 - upper->length * 8);
  if (is_minus_one) return 0;
  return upper->number - bounds.number(Attribute::lower_bound).value_or(0) + 1;
}

// Integers that C++ has and C only as another one.
constexpr std::pair<std::string_view, std::string_view> kIntegersOfC[] = {
    {"bool", "_Bool"},
    {"wchar_t", "int"},
    {"char8_t", "unsigned char"},
    {"char16_t", "unsigned short"},
    {"char32_t", "unsigned int"},
};

std::string_view name_in_c(std::string_view name) {
  const auto* found =
      std::ranges::find(kIntegersOfC, name, [](const auto& row) { return row.first; });
  return found == std::end(kIntegersOfC) ? name : found->second;
}

// The real number that "complex double" has two of; clang says "complex" of each.
std::string_view real_of(std::string_view name, u64 bytes) {
  for (const std::string_view word : {"complex ", "_Complex "}) {
    if (name.starts_with(word)) return name.substr(word.size());
  }
  if (name != "complex") return name;
  return bytes == 4 ? "float" : bytes == 8 ? "double" : "long double";
}

}  // namespace

Result<void> Converter::add(const Item& item) {
  switch (item.making) {
    case Making::entry: return add_entry(item.place);
    case Making::dimension: return add_array(item.place, item.dimension);
    case Making::function: return add_function(item.place);
    case Making::prototype: return add_prototype(item.place);
    case Making::unknown: add_unknown({}); return {};
    case Making::half: add_half(item.place); return {};
    case Making::long_: add_long(); return {};
  }
  return {};
}

Result<void> Converter::add_entry(Place place) {
  switch (place.unit->tag(place.entry)) {
    case Tag::base_type: return add_base(place);
    case Tag::unspecified_type:  // decltype(nullptr)
      builder_.add({.kind = Kind::pointer});
      return {};
    case Tag::pointer_type:
    case Tag::reference_type:
    case Tag::rvalue_reference_type: return add_named(place, Kind::pointer);
    case Tag::const_type: return add_named(place, Kind::const_);
    case Tag::volatile_type: return add_named(place, Kind::volatile_);
    case Tag::restrict_type: return add_named(place, Kind::restrict_);
    case Tag::typedef_:
    case Tag::template_alias: return add_named(place, Kind::typedef_);
    case Tag::class_type:
    case Tag::structure_type:
    case Tag::interface_type:
    case Tag::union_type: return add_structure(place);
    case Tag::enumeration_type: return add_enumeration(place);
    case Tag::array_type: return add_array(place, 0);
    case Tag::subroutine_type: return add_prototype(place);
    case Tag::ptr_to_member_type: return add_member_pointer(place);
    default: add_unknown(TRY(name_of(place))); return {};
  }
}

// A type of which only the name is known, and its size is not: no member can be of it.
void Converter::add_unknown(std::string_view name) {
  notes_.count(Omission::other_kind);
  builder_.add({.name = name.empty() ? "unknown" : name, .kind = Kind::forward});
}

// What refers to another type, and has a name if it is a typedef.
Result<void> Converter::add_named(Place place, Kind kind) {
  const std::string name = kind == Kind::typedef_ ? TRY(name_of(place)) : std::string();
  const TypeId type = TRY(type_of(place));
  builder_.add({.name = name, .kind = kind, .type = type});
  return {};
}

Result<void> Converter::add_base(Place place) {
  const Attributes attributes = place.unit->attributes(place.entry);
  const std::string_view own_name = place.unit->text(attributes.find(Attribute::name));
  const std::string_view name = names_.are_of_c() ? name_in_c(own_name) : own_name;
  const u64 size = attributes.number(Attribute::byte_size).value_or(0);
  const u64 encoding = attributes.number(Attribute::encoding).value_or(0);
  if (static_cast<Encoding>(encoding) == Encoding::complex_float && size / 2 <= kIntegerBytesMax) {
    add_complex(place, static_cast<u32>(size));
    return {};
  }
  if (size == 0 || size > kIntegerBytesMax) {
    add_unknown(name);
    return {};
  }
  const auto bytes = static_cast<u32>(size);
  if (is_floating(encoding)) {
    builder_.add({.name = name, .kind = Kind::floating, .size = bytes});
    return {};
  }
  const u64 bits = attributes.number(Attribute::bit_size).value_or(size * 8);
  builder_.add({.name = name,
                .kind = Kind::integer,
                .encoding = encoding_of(encoding),
                .size = bytes,
                .bits = static_cast<u32>(std::clamp<u64>(bits, 1, size * 8))});
  return {};
}

void Converter::add_complex(Place place, u32 size) {
  if (size < 2) return add_unknown({});
  const TypeId half = enqueue({.place = place, .making = Making::half});
  const TypeId index = enqueue({.place = place, .making = Making::long_});
  builder_.add({.kind = Kind::array, .type = half, .index_type = index, .count = 2});
}

void Converter::add_half(Place place) {
  const Attributes attributes = place.unit->attributes(place.entry);
  const u64 size = attributes.number(Attribute::byte_size).value_or(0) / 2;
  builder_.add({.name = real_of(place.unit->text(attributes.find(Attribute::name)), size),
                .kind = Kind::floating,
                .size = static_cast<u32>(size)});
}

void Converter::add_long() {
  builder_.add({.name = "long int",
                .kind = Kind::integer,
                .encoding = btf::Encoding::signed_,
                .size = kPointerBytes,
                .bits = kPointerBytes * 8});
}

// One number for a member that is data, two for a function (Itanium C++ ABI, 2.3).
Result<void> Converter::add_member_pointer(Place place) {
  const auto target = TRY(next(place, Attribute::type));
  const auto settled = target ? TRY(settle(*target)) : std::nullopt;
  const bool is_function = settled && settled->unit->tag(settled->entry) == Tag::subroutine_type;
  if (is_function) {
    const TypeId number = enqueue({.place = place, .making = Making::long_});
    builder_.add({.kind = Kind::array, .type = number, .index_type = number, .count = 2});
  } else {
    add_long();
  }
  return {};
}

// Arrays of arrays are one entry in DWARF and several in BTF; the first dimension is the outermost.
Result<void> Converter::add_array(Place place, u32 dimension) {
  std::vector<EntryNumber> ranges;
  TRY(place.unit->for_each_child(place.entry, [&](EntryNumber child) -> Result<void> {
    const Tag tag = place.unit->tag(child);
    if (tag == Tag::subrange_type || tag == Tag::enumeration_type) ranges.push_back(child);
    return {};
  }));
  if (ranges.size() > kDimensionsMax) {
    add_unknown({});
    return {};
  }
  u64 count = 0;
  TypeId index = btf::kVoid;
  if (dimension < ranges.size()) {
    const Place range{.unit = place.unit, .entry = ranges[dimension]};
    count = length_of(place.unit->attributes(range.entry));
    index = TRY(type_of(range));
  }
  const bool has_more = dimension + 1 < ranges.size();
  const TypeId element =
      has_more ? enqueue({.place = place, .making = Making::dimension, .dimension = dimension + 1})
               : TRY(type_of(place));
  if (index == btf::kVoid) index = enqueue({.place = place, .making = Making::long_});
  if (count > ~u32{0} || element == btf::kVoid) {
    add_unknown({});
    return {};
  }
  builder_.add({.kind = Kind::array,
                .type = element,
                .index_type = index,
                .count = static_cast<u32>(count)});
  return {};
}

Result<void> Converter::add_enumeration(Place place) {
  const Unit& unit = *place.unit;
  const Attributes attributes = unit.attributes(place.entry);
  std::vector<std::string> names;
  std::vector<btf::Enumerator> enumerators;
  bool is_signed = false;
  TRY(unit.for_each_child(place.entry, [&](EntryNumber child) -> Result<void> {
    if (unit.tag(child) != Tag::enumerator) return {};
    const Attributes each = unit.attributes(child);
    const Value* value = each.find(Attribute::const_value);
    if (value == nullptr || !value->is_number()) return {};
    names.push_back(TRY(names_.of_enumerator(place, unit.text(each.find(Attribute::name)))));
    enumerators.push_back({.value = static_cast<s64>(value->number)});
    is_signed |= value->is_signed() && enumerators.back().value < 0;
    return {};
  }));
  for (std::size_t at = 0; at < names.size(); ++at) enumerators[at].name = names[at];
  if (enumerators.size() > kListMax) {
    notes_.count(Omission::too_many);
    enumerators.resize(kListMax);
  }
  const std::string name = TRY(name_of(place));
  const u64 size = attributes.number(Attribute::byte_size).value_or(4);
  if (size == 0 || size > 8) {
    add_unknown(name);
    return {};
  }
  builder_.add({.name = name,
                .kind = size > 4 ? Kind::enumeration64 : Kind::enumeration,
                .encoding = is_signed ? btf::Encoding::signed_ : btf::Encoding::unsigned_,
                .size = static_cast<u32>(size)},
               enumerators);
  return {};
}

Result<void> Converter::add_function(Place place) {
  const std::string name = TRY(name_of(place));
  const Place declared = TRY(names_.declared(place));
  const bool is_external = declared.unit->attributes(declared.entry).is_set(Attribute::external);
  const TypeId prototype = enqueue({.place = place, .making = Making::prototype});
  builder_.add({.name = name,
                .kind = Kind::function,
                .scope = is_external ? btf::Scope::global : btf::Scope::static_,
                .type = prototype});
  return {};
}

// Of a type, or of a function. What an inlined or cloned function takes is said by its original.
Result<void> Converter::add_prototype(Place place) {
  const Place declared = TRY(names_.declared(place));
  Place list = place;
  if (place.unit->has(place.entry, Attribute::abstract_origin)) {
    list = TRY(next(place, Attribute::abstract_origin)).value_or(place);
  }
  std::vector<btf::Parameter> parameters;
  bool is_variadic = false;
  TRY(list.unit->for_each_child(list.entry, [&](EntryNumber child) -> Result<void> {
    const Tag tag = list.unit->tag(child);
    is_variadic |= tag == Tag::unspecified_parameters;
    if (tag != Tag::formal_parameter) return {};
    const Place parameter = TRY(names_.declared({.unit = list.unit, .entry = child}));
    const Attributes attributes = parameter.unit->attributes(parameter.entry);
    parameters.push_back({.name = parameter.unit->text(attributes.find(Attribute::name)),
                          .type = TRY(type_of(parameter))});
    return {};
  }));
  // A parameter of type void would be the sign for a variable number of them.
  std::erase_if(parameters, [](const btf::Parameter& each) { return each.type == btf::kVoid; });
  if (is_variadic) parameters.push_back({});
  if (parameters.size() > kListMax) {
    notes_.count(Omission::too_many);
    parameters.resize(kListMax);
  }
  const TypeId returned = TRY(type_of(declared));
  builder_.add({.kind = Kind::prototype, .type = returned}, parameters);
  return {};
}

}  // namespace skep::dwarf
