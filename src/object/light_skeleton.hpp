// Writes a C++ header that loads an object into the Linux kernel by itself.
//
// Who includes it needs no skep, no libbpf and no libelf: all work on ELF, types and relocations is
// done here, and its result is a loader program (object/light/plan.hpp) that the header runs with a
// handful of bpf(2) calls. What depends on the running kernel is left to that: CO-RE relocations to
// BPF_PROG_LOAD (Linux 5.17), symbols and targets to helpers of the loader program, values of the
// kernel's configuration to the caller. The header is C++20 and uses libc only.
#pragma once

#include "object/object.hpp"

namespace skep::object {

// `name` becomes the namespace; Fault::usage when it is no identifier. Fault::unsupported names
// what a loader program cannot do.
Result<std::string> light_skeleton(const Object& object, std::string_view name);

}  // namespace skep::object
