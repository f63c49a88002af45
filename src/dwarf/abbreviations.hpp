// What the entries of a unit look like: the tables of .debug_abbrev.
//
// An entry is a number and values; the number names a row here, which says what the entry is and in
// which form each attribute is written. Attributes that types are not made of are kept only to be
// stepped over. DWARF 5, 7.5.3.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "base/enum_array.hpp"
#include "dwarf/constants.hpp"
#include "dwarf/forms.hpp"

namespace skep::dwarf {

// The attributes that are looked at.
enum class Attribute : u8 {
  name,
  type,
  byte_size,
  bit_size,
  bit_offset,
  data_bit_offset,
  member_location,
  declaration,
  encoding,
  upper_bound,
  lower_bound,
  element_count,  // DW_AT_count
  const_value,
  external,
  signature,
  specification,
  abstract_origin,
  virtuality,
  artificial,
  language,
  enum_class,
  low_pc,
  ranges,
  str_offsets_base,
  comp_dir,
  dwo_name,
  dwo_id,
  count_
};

using AttributeSet = u32;
constexpr AttributeSet only(Attribute attribute) {
  return AttributeSet{1} << static_cast<u32>(attribute);
}
static_assert(kCount<Attribute> < 32);

struct AttributeForm {
  Attribute attribute = Attribute::count_;  // count_: to be stepped over
  const FormRow* form = nullptr;
  s64 implicit = 0;
};

struct Abbreviation {
  Tag tag{};
  bool has_children = false;
  AttributeSet has = 0;
  u32 first = 0, count = 0;     // of its attributes
  std::optional<u32> size = 0;  // of every entry, if it is one number

  bool has_any(AttributeSet any) const { return (has & any) != 0; }
};

class AbbreviationTable {
 public:
  // The table that begins at `offset`. Forms that cannot be read are refused by their names.
  static Result<AbbreviationTable> read(Bytes section, u64 offset, const Widths& widths);

  // Null when there is none of that code.
  const Abbreviation* find(u64 code) const;
  u32 number_of(const Abbreviation& row) const { return static_cast<u32>(&row - rows_.data()); }
  const Abbreviation& operator[](u32 number) const { return rows_[number]; }
  std::span<const AttributeForm> attributes(const Abbreviation& row) const {
    return std::span(attributes_).subspan(row.first, row.count);
  }
  u64 bytes() const { return bytes_; }

 private:
  void index(std::span<const u64> codes);
  Result<void> read_attributes(Cursor& cursor, Abbreviation& row, const Widths& widths);

  std::vector<Abbreviation> rows_;
  std::vector<AttributeForm> attributes_;
  std::unordered_map<u64, u32> sparse_;  // by code, unless they are 1, 2, 3 ...
  u64 bytes_ = 0;
};

// All tables of one section, each read once.
class Abbreviations {
 public:
  explicit Abbreviations(Bytes section) : section_(section) {}

  // Tables that lie in one another are refused: they would let a small file ask for endless work.
  Result<std::shared_ptr<const AbbreviationTable>> at(u64 offset, const Widths& widths);

 private:
  struct Read {
    Widths widths;
    std::shared_ptr<const AbbreviationTable> table;
  };

  Bytes section_;
  std::unordered_map<u64, Read> tables_;
  u64 bytes_read_ = 0;
};

}  // namespace skep::dwarf
