// Global variables as maps: each of .data, .rodata, .bss and their named variants is an array of
// one value.
//
// That value is the whole section, so that a variable is an offset into it. Read-only sections are
// maps that programs cannot write. Memory is taken for what the file holds, and for zeroed sections
// up to a limit.
#pragma once

#include <optional>

#include "object/section_types.hpp"
#include "platform/map_kinds.hpp"

namespace skep::object {

// Refuses more memory for zeroed sections than any program needs: they cost nothing in the file.
Result<void> limit_zeroed(const Elf& elf);

// Appends the maps of the data sections to `maps`, and gives the arena among `maps` the variables
// of .addr_space.1; the result says which map a section became, by section.
Result<std::vector<std::optional<u32>>> add_globals(const Elf& elf, const SectionTypes& types,
                                                    std::vector<platform::MapSpec>& maps);

// A constant `struct T *skep_record__RING` tells that ring buffer RING carries records of type T:
// fills in value_type of those maps.
Result<void> name_records(const SectionTypes& types, std::vector<platform::MapSpec>& maps);

}  // namespace skep::object
