// The last look at types from many units, when it is known what every name stands for.
#pragma once

#include "btf/builder.hpp"
#include "dwarf/notes.hpp"

namespace skep::dwarf {

// The same types with the same ids, without members whose size nobody knows or that do not lie
// inside their structure, so that check() finds nothing wrong with those that are left.
btf::Builder without_unsound_members(const btf::Types& types, Notes& notes);

}  // namespace skep::dwarf
