// --set: what the user puts into global variables and maps before a program runs.
//
// `--set NAME=VALUE` is a global variable and must be applied before programs are relocated, since
// what is constant is compiled in; `--set MAP KEY=VALUE` is an entry of a map, applied once the
// maps are there. Values are read by their BTF types (events/encode.hpp).
#pragma once

#include "cli/arguments.hpp"
#include "object/object.hpp"
#include "runtime/engine.hpp"

namespace skep::cli {

Result<void> set_globals(object::Object& object, const Arguments& arguments);
Result<void> set_map_entries(runtime::App& app, const object::Object& object,
                             const Arguments& arguments);

}  // namespace skep::cli
