// A map of an object as BPF_MAP_CREATE takes it: the same as libbpf asks for.
#pragma once

#include <string>

#include "platform/bpf_attributes.hpp"
#include "platform/map_kinds.hpp"

namespace skep::object {

// What the kernel calls a map. Global variables: the first of the object's name, then the
// section's, unless that has a name of its own (".rodata.config"); characters that the kernel does
// not take become underscores.
std::string kernel_name(const platform::MapSpec& map, std::string_view object);

// Descriptors are zero.
platform::CreateMap map_attributes(const platform::MapSpec& map, std::string_view name);

}  // namespace skep::object
