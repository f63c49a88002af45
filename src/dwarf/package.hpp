// The index of a package of split units (.dwp): which part of each section belongs to which unit.
//
// DWARF 5, 7.3.5; the form of GNU for DWARF 4 differs in the numbers of sections.
#pragma once

#include <span>

#include "dwarf/unit_header.hpp"

namespace skep::dwarf {

// Tells each unit where its abbreviations and its texts begin. Without an index nothing changes.
Result<void> place_in_package(ElfFile& file, const Inflate& inflate, std::span<UnitHeader> units);

}  // namespace skep::dwarf
