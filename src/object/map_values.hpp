// What maps of programs and maps of maps begin with: the addresses in section .maps.
//
// A definition whose `values` are initialised holds relocations, one an element: to a program, or
// to another map of the object.
#pragma once

#include "object/functions.hpp"
#include "object/map_definition.hpp"

namespace skep::object {

// Fills in initial_programs and initial_maps of `maps`, which are those of `section` in the order
// of their offsets.
Result<void> read_initial_values(const Elf& elf, const Functions& functions, const Section& section,
                                 std::vector<MapDefinition>& maps);

}  // namespace skep::object
