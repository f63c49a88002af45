// One map as a program defines it: a variable of section .maps whose type is the definition.
//
// The macros of bpf_helpers.h write every attribute as a type, because types survive compilation:
// __uint(name, N) is a pointer to an array of N, __ulong(name, N) an enum with the value N,
// __type(name, T) a pointer to T, __array(values, T) an array of pointers to T. As in libbpf,
// attributes that contradict each other or are unknown are errors, a ring buffer is rounded up to a
// power of two of pages, and whether the kernel would make such a map is not asked here.
#pragma once

#include "btf/types.hpp"
#include "platform/map_kinds.hpp"

namespace skep::object {

struct MapDefinition {
  platform::MapSpec spec;
  u32 section = 0;
  u64 offset = 0;                      // in the section
  std::optional<u32> values_offset{};  // in the definition: where its initial values begin
};

// The definition that variable `id` is. Errors name the map.
Result<MapDefinition> read_definition(const btf::Types& types, btf::TypeId id);

}  // namespace skep::object
