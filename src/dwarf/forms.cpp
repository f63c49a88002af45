#include "dwarf/forms.hpp"

#include <algorithm>
#include <array>

namespace skep::dwarf {
namespace form_table {  // where names of shapes and meanings stand alone

using enum Shape;
using enum Meaning;

constexpr auto kForms = std::to_array<FormRow>({
    {0x01, "addr", address, other},
    {0x03, "block2", counted, Meaning::block, 2},
    {0x04, "block4", counted, Meaning::block, 4},
    {0x05, "data2", fixed, number, 2},
    {0x06, "data4", fixed, number, 4},
    {0x07, "data8", fixed, number, 8},
    {0x08, "string", terminated, Meaning::text},
    {0x09, "block", counted_uleb, Meaning::block},
    {0x0a, "block1", counted, Meaning::block, 1},
    {0x0b, "data1", fixed, number, 1},
    {0x0c, "flag", fixed, number, 1},
    {0x0d, "sdata", sleb, signed_number},
    {0x0e, "strp", offset, text_at},
    {0x0f, "udata", uleb, number},
    {0x10, "ref_addr", ref_addr, entry_in_section},
    {0x11, "ref1", fixed, entry_in_unit, 1},
    {0x12, "ref2", fixed, entry_in_unit, 2},
    {0x13, "ref4", fixed, entry_in_unit, 4},
    {0x14, "ref8", fixed, entry_in_unit, 8},
    {0x15, "ref_udata", uleb, entry_in_unit},
    {0x16, "indirect", indirect, other},
    {0x17, "sec_offset", offset, section_offset},
    {0x18, "exprloc", counted_uleb, Meaning::block},
    {0x19, "flag_present", nothing, number},
    {0x1a, "strx", uleb, text_number},
    {0x1b, "addrx", uleb, other},
    {0x1c, "ref_sup4", alternate, other},
    {0x1d, "strp_sup", alternate, other},
    {0x1e, "data16", fixed, other, 16},
    {0x1f, "line_strp", offset, line_text_at},
    {0x20, "ref_sig8", fixed, signature, 8},
    {0x21, "implicit_const", implicit, signed_number},
    {0x22, "loclistx", uleb, other},
    {0x23, "rnglistx", uleb, other},
    {0x24, "ref_sup8", alternate, other},
    {0x25, "strx1", fixed, text_number, 1},
    {0x26, "strx2", fixed, text_number, 2},
    {0x27, "strx3", fixed, text_number, 3},
    {0x28, "strx4", fixed, text_number, 4},
    {0x29, "addrx1", fixed, other, 1},
    {0x2a, "addrx2", fixed, other, 2},
    {0x2b, "addrx3", fixed, other, 3},
    {0x2c, "addrx4", fixed, other, 4},
    {0x1f01, "GNU_addr_index", uleb, other},
    {0x1f02, "GNU_str_index", uleb, text_number},
    {0x1f20, "GNU_ref_alt", alternate, other},
    {0x1f21, "GNU_strp_alt", alternate, other},
});
static_assert(std::ranges::is_sorted(kForms.begin(), kForms.begin() + 43, {}, &FormRow::code));

}  // namespace form_table

namespace {

using form_table::kForms;

constexpr FormRow kUnknown{};

Value block_of(Cursor& cursor, u64 length) {
  const Value value{.meaning = Meaning::block,
                    .number = cursor.at(),
                    .length = static_cast<u32>(std::min<u64>(length, ~u32{0}))};
  cursor.skip(length);
  return value;
}

Value read_indirect(Cursor& cursor, const Widths& widths) {
  const FormRow& form = form_row(cursor.uleb());
  const bool is_readable = form.shape != Shape::indirect && form.shape != Shape::implicit;
  return read_value(cursor, is_readable ? form : kUnknown, 0, widths);
}

Value text_of(Cursor& cursor) {
  const u64 at = cursor.at();
  cursor.skip_text();
  return {.meaning = Meaning::text, .number = at};
}

u64 read_fixed(Cursor& cursor, u32 size) {
  if (size <= sizeof(u64)) return cursor.number(size);
  cursor.skip(size);
  return 0;
}

}  // namespace

const FormRow& form_row(u64 code) {
  const auto* found = std::ranges::find(kForms, code, &FormRow::code);
  return found == kForms.end() ? kUnknown : *found;
}

std::optional<u32> fixed_size(const FormRow& form, const Widths& widths) {
  switch (form.shape) {
    case Shape::fixed: return form.size;
    case Shape::address: return widths.address;
    case Shape::offset: return widths.offset;
    case Shape::ref_addr: return widths.version == 2 ? widths.address : widths.offset;
    case Shape::nothing:
    case Shape::implicit: return 0;
    case Shape::unknown:
    case Shape::uleb:
    case Shape::sleb:
    case Shape::counted:
    case Shape::counted_uleb:
    case Shape::terminated:
    case Shape::indirect:
    case Shape::alternate: return std::nullopt;
  }
  return std::nullopt;
}

Value read_value(Cursor& cursor, const FormRow& form, s64 implicit_value, const Widths& widths) {
  Value value{.meaning = form.meaning};
  switch (form.shape) {
    case Shape::fixed:
      value.length = form.size;
      value.number = read_fixed(cursor, form.size);
      return value;
    case Shape::address:
    case Shape::offset:
    case Shape::ref_addr: value.number = cursor.number(*fixed_size(form, widths)); return value;
    case Shape::uleb: value.number = cursor.uleb(); return value;
    case Shape::sleb: value.number = static_cast<u64>(cursor.sleb()); return value;
    case Shape::counted: return block_of(cursor, cursor.number(form.size));
    case Shape::counted_uleb: return block_of(cursor, cursor.uleb());
    case Shape::terminated: return text_of(cursor);
    case Shape::nothing: value.number = 1; return value;
    case Shape::implicit: value.number = static_cast<u64>(implicit_value); return value;
    case Shape::indirect: return read_indirect(cursor, widths);
    case Shape::unknown:
    case Shape::alternate: cursor.skip(~u64{0}); return {};
  }
  return value;
}

}  // namespace skep::dwarf
