// Maps as they were defined before BTF: structures of numbers in section "maps".
//
// Each symbol of the section is one map, all are of one size, and they begin with type, key size,
// value size, number of entries and flags (struct bpf_map_def). libbpf 1.0 and later refuse such
// objects; their meaning is clear, so they are read. What stands behind the five numbers,
// iproute2's pinning and inner maps, must be zero. BPF_ANNOTATE_KV_PAIR gives key and value a type.
#pragma once

#include "object/map_definition.hpp"
#include "object/section_types.hpp"

namespace skep::object {

// In the order of their offsets. Empty when there is no section "maps".
Result<std::vector<MapDefinition>> read_legacy_maps(const Elf& elf, const SectionTypes& types);

}  // namespace skep::object
