// Maps as programs define them: variables of section .maps whose type is the definition.
//
// The macros of bpf_helpers.h write every attribute as a type, because types survive compilation:
// __uint(name, N) is a pointer to an array of N, __type(name, T) a pointer to T, __array(values, T)
// an array of pointers to T. The older section "maps" (plain numbers) is refused with advice. As in
// libbpf, attributes that contradict each other or are unknown are errors, and a ring buffer is
// rounded up to a power of two of pages.
#pragma once

#include "object/functions.hpp"
#include "object/section_types.hpp"
#include "platform/map_kinds.hpp"

namespace skep::object {

struct MapDefinition {
  platform::MapSpec spec;
  u64 offset = 0;  // in .maps
};

// In the order of their offsets. Empty when there is no section .maps.
Result<std::vector<MapDefinition>> read_maps(const Elf& elf, const Functions& functions,
                                             const SectionTypes& types);

}  // namespace skep::object
