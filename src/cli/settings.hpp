// --set: what the user puts into global variables and maps before a program runs.
//
// `--set NAME=VALUE` is a global variable and must be applied before programs are relocated, since
// what is constant is compiled in; `--set MAP KEY=VALUE` is an entry of a map, applied once the
// maps are there. Values are read by their BTF types (events/encode.hpp).
#pragma once

#include "cli/arguments.hpp"
#include "maps/view.hpp"
#include "object/object.hpp"

namespace skep::cli {

Result<void> set_globals(object::Object& object, const Arguments& arguments);
// `maps` are the object's, in either engine.
Result<void> set_map_entries(const std::vector<maps::View*>& maps, const object::Object& object,
                             const Arguments& arguments);

}  // namespace skep::cli
