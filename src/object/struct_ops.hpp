// Structures of operations: variables of .struct_ops whose function pointers are programs.
//
// Each is a map of one value: the structure as the compiler filled it, and for every member that
// points to a function the program to put there. In .struct_ops.link the map is registered by a
// link; a '?' in front of either name keeps the map from being made unless asked for, as libbpf has
// it.
#pragma once

#include "object/functions.hpp"
#include "object/map_definition.hpp"
#include "object/section_types.hpp"

namespace skep::object {

// In the order of sections and offsets.
Result<std::vector<MapDefinition>> read_struct_ops(const Elf& elf, const Functions& functions,
                                                   const SectionTypes& types);

}  // namespace skep::object
