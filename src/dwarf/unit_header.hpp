// The units that debug information consists of: one a source file, and one a type where compilers
// were told to write those apart (-fdebug-types-section).
//
// DWARF 5, 7.5.1.
#pragma once

#include <vector>

#include "dwarf/constants.hpp"
#include "dwarf/sections.hpp"

namespace skep::dwarf {

struct UnitHeader {
  const Sections* sections = nullptr;
  Bytes section;   // that the unit lies in
  u64 offset = 0;  // in the section
  Bytes bytes;     // the unit with its header: entries refer to each other by offsets here
  u32 size = 0;    // of the header
  UnitKind kind = UnitKind::compile;
  Widths widths;
  u64 abbreviations = 0;  // offset into the section of that name
  u64 text_offsets = 0;   // where those of this unit begin, in a package of units (.dwp)
  u64 id = 0;             // of a type unit its signature; of a split one what both parts share
  u64 type = 0;           // of a type unit: where in it the type is

  bool is_type() const { return kind == UnitKind::type || kind == UnitKind::split_type; }
};

// In their order. Errors name the unit's place.
Result<std::vector<UnitHeader>> read_unit_headers(const Sections& sections);

}  // namespace skep::dwarf
