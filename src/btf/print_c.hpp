// Types as a C file that compiles, and gives every structure the size and every member the place
// that it has here: what `skep btf dump --format c` and bpftool write for programs to include.
//
// Definitions come in an order that C accepts: what is embedded before what embeds it, what is
// pointed to at least declared. Unnamed structures and enums are written where they are used.
// The text and the order are those of bpftool (libbpf's btf_dump), with one addition: enums that
// are not as large as C makes them are told their size.
#pragma once

#include <span>
#include <string>

#include "btf/types.hpp"

namespace skep::btf {

// All definitions, for the compilers of BPF: guarded, and each access to a structure preserved for
// CO-RE. Types that were not check()ed are safe to print; what C cannot say is an Error.
Result<std::string> print_c(const Types& types);
// Those of the given types only, and what they need.
Result<std::string> print_c(const Types& types, std::span<const TypeId> wanted);
// Definitions without what stands around them in a file.
Result<std::string> print_definitions(const Types& types, std::span<const TypeId> wanted);

}  // namespace skep::btf
