// The maps that an object defines: those of section .maps, and of the older section "maps".
//
// What a definition says is read by map_definition.hpp; here is where definitions stand.
#pragma once

#include "object/functions.hpp"
#include "object/map_definition.hpp"
#include "object/section_types.hpp"

namespace skep::object {

// Those of .maps first, each section in the order of offsets. Empty when there are none.
Result<std::vector<MapDefinition>> read_maps(const Elf& elf, const Functions& functions,
                                             const SectionTypes& types);

}  // namespace skep::object
