#include "dwarf/abbreviations.hpp"

#include <algorithm>
#include <array>
#include <ranges>

namespace skep::dwarf {
namespace {

struct AttributeRow {
  u16 code;  // DW_AT_*
  Attribute attribute;
};

constexpr auto kAttributes = std::to_array<AttributeRow>({
    {0x03, Attribute::name},
    {0x0b, Attribute::byte_size},
    {0x0c, Attribute::bit_offset},
    {0x0d, Attribute::bit_size},
    {0x11, Attribute::low_pc},
    {0x13, Attribute::language},
    {0x1b, Attribute::comp_dir},
    {0x1c, Attribute::const_value},
    {0x22, Attribute::lower_bound},
    {0x2f, Attribute::upper_bound},
    {0x31, Attribute::abstract_origin},
    {0x34, Attribute::artificial},
    {0x37, Attribute::element_count},
    {0x38, Attribute::member_location},
    {0x3c, Attribute::declaration},
    {0x3e, Attribute::encoding},
    {0x3f, Attribute::external},
    {0x47, Attribute::specification},
    {0x49, Attribute::type},
    {0x4c, Attribute::virtuality},
    {0x55, Attribute::ranges},
    {0x69, Attribute::signature},
    {0x6b, Attribute::data_bit_offset},
    {0x6d, Attribute::enum_class},
    {0x72, Attribute::str_offsets_base},
    {0x76, Attribute::dwo_name},
    {0x2130, Attribute::dwo_name},  // DW_AT_GNU_dwo_name
    {0x2131, Attribute::dwo_id},    // DW_AT_GNU_dwo_id
});

Attribute attribute_of(u64 code) {
  const auto* found = std::ranges::find(kAttributes, code, &AttributeRow::code);
  return found == kAttributes.end() ? Attribute::count_ : found->attribute;
}

Error unreadable(const FormRow& form, u64 code) {
  if (form.shape == Shape::unknown) {
    return {Fault::unsupported, format("form 0x{:x} is unknown", code),
            "DWARF of versions 2 to 5 is read: compile with -gdwarf-5"};
  }
  return {
      Fault::unsupported,
      format("DW_FORM_{} refers to a file that several programs share", form.name),
      "dwz -m has made it; use the program as the linker left it, or its debug file before dwz"};
}

}  // namespace

Result<void> AbbreviationTable::read_attributes(Cursor& cursor, Abbreviation& row,
                                                const Widths& widths) {
  row.first = static_cast<u32>(attributes_.size());
  for (;;) {
    const u64 attribute = cursor.uleb(), code = cursor.uleb();
    if (attribute == 0 && code == 0) break;
    const FormRow& form = form_row(code);
    if (form.shape == Shape::unknown || form.shape == Shape::alternate)
      return unreadable(form, code);
    const s64 implicit = form.shape == Shape::implicit ? cursor.sleb() : 0;
    const Attribute wanted = attribute_of(attribute);
    attributes_.push_back({.attribute = wanted, .form = &form, .implicit = implicit});
    if (wanted != Attribute::count_) row.has |= only(wanted);
    const auto size = fixed_size(form, widths);
    row.size = row.size && size ? std::optional(*row.size + *size) : std::nullopt;
  }
  row.count = static_cast<u32>(attributes_.size()) - row.first;
  return {};
}

Result<AbbreviationTable> AbbreviationTable::read(Bytes section, u64 offset, const Widths& widths) {
  Cursor cursor(section, offset);
  AbbreviationTable table;
  std::vector<u64> codes;
  while (const u64 code = cursor.uleb()) {
    Abbreviation row{.tag = static_cast<Tag>(cursor.uleb()), .has_children = cursor.number(1) != 0};
    TRY(table.read_attributes(cursor, row, widths));
    table.rows_.push_back(row);
    codes.push_back(code);
    if (cursor.failed()) break;
  }
  if (cursor.failed()) {
    return Error(Fault::malformed, format("the table at offset {} has no end", offset));
  }
  table.bytes_ = cursor.at() - offset;
  table.index(codes);
  return table;
}

void AbbreviationTable::index(std::span<const u64> codes) {
  const auto in_order = std::views::iota(u64{1}, codes.size() + 1);
  if (std::ranges::equal(codes, in_order)) return;
  for (u32 number = 0; number < codes.size(); ++number) sparse_.emplace(codes[number], number);
}

const Abbreviation* AbbreviationTable::find(u64 code) const {
  if (sparse_.empty()) return code - 1 < rows_.size() ? &rows_[code - 1] : nullptr;
  const auto found = sparse_.find(code);
  return found == sparse_.end() ? nullptr : &rows_[found->second];
}

Result<std::shared_ptr<const AbbreviationTable>> Abbreviations::at(u64 offset,
                                                                   const Widths& widths) {
  if (const auto found = tables_.find(offset);
      found != tables_.end() && found->second.widths == widths) {
    return found->second.table;
  }
  if (bytes_read_ / 4 > section_.size()) {
    return Error(Fault::malformed, ".debug_abbrev: tables lie in one another");
  }
  auto table = std::make_shared<const AbbreviationTable>(
      TRY(AbbreviationTable::read(section_, offset, widths).within(".debug_abbrev")));
  bytes_read_ += table->bytes();
  tables_[offset] = {.widths = widths, .table = table};
  return table;
}

}  // namespace skep::dwarf
