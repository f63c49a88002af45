// What types need, as far as one can follow it: all that they are made of, and the names of what
// they point to.
#pragma once

#include <span>
#include <vector>

#include "btf/types.hpp"

namespace skep::btf {

// The wanted types and everything that they refer to, by rising id. A structure with a name that is
// only pointed to is left out, since C can do with its declaration.
std::vector<TypeId> needed(const Types& types, std::span<const TypeId> wanted);

}  // namespace skep::btf
