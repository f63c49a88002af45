// The object file with its code as it is laid out now.
//
// Data, maps, types and licence are those that were read. DWARF, which describes the code as it was
// compiled, is left out, as `bpftool gen object` leaves it out.
#pragma once

#include "optimize/layout.hpp"

namespace skep::optimize {

Result<std::vector<std::byte>> write_object(const object::Object& object, const Layout& layout);

}  // namespace skep::optimize
