// How the value of an attribute is written: the forms of DWARF 2 to 5, as a table.
//
// A Value is what was read, not what it means: a reference is followed by Program, a text is looked
// up by Unit. DWARF 5, 7.5.6.
#pragma once

#include <optional>
#include <string_view>

#include "dwarf/cursor.hpp"

namespace skep::dwarf {

enum class Shape : u8 {
  unknown,
  fixed,     // `size` bytes
  address,   // as wide as the unit's addresses
  offset,    // as wide as the unit's offsets
  ref_addr,  // an offset; in DWARF 2 an address
  uleb,
  sleb,
  counted,       // a length of `size` bytes, then the bytes
  counted_uleb,  // a length, then the bytes
  terminated,    // up to a zero byte
  nothing,       // flag_present: it is there
  implicit,      // the value stands in the abbreviation
  indirect,      // the form stands before the value
  alternate,     // in another file, which is not read
};

// What a value is, once read.
enum class Meaning : u8 {
  other,
  number,
  signed_number,
  text,          // at an offset into the unit
  text_at,       // into .debug_str
  line_text_at,  // into .debug_line_str
  text_number,   // into .debug_str_offsets
  entry_in_unit,
  entry_in_section,
  signature,
  block,
  section_offset,
};

struct FormRow {
  u16 code = 0;
  std::string_view name;  // without DW_FORM_
  Shape shape = Shape::unknown;
  Meaning meaning = Meaning::other;
  u8 size = 0;
};

// The row of a form, or of one that is unknown.
const FormRow& form_row(u64 code);

struct Widths {
  u8 address = 8;
  u8 offset = 4;
  u8 version = 5;

  bool operator==(const Widths&) const = default;
};

struct Value {
  Meaning meaning = Meaning::other;
  u64 number = 0;  // of a block and of a text: where it begins in the unit
  u32 length = 0;  // of a block; of a number: its bytes, 0 when they vary

  bool is_number() const { return meaning == Meaning::number || is_signed(); }
  bool is_signed() const { return meaning == Meaning::signed_number; }
};

// The bytes that every value of the form has, if that is one number.
std::optional<u32> fixed_size(const FormRow& form, const Widths& widths);

// Moves the cursor behind a value. Forms that cannot be read fail the cursor.
Value read_value(Cursor& cursor, const FormRow& form, s64 implicit, const Widths& widths);

}  // namespace skep::dwarf
