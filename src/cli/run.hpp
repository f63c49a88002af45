// skep run in its two engines.
#pragma once

#include "cli/arguments.hpp"
#include "cli/output.hpp"
#include "object/object.hpp"

namespace skep::cli {

inline constexpr u64 kRowsInText = 20;  // of a map, unless --limit says otherwise

// The object is open, its globals set.
Result<int> run_on_packets(object::Object object, const Arguments& arguments, Output& out);
Result<int> run_in_kernel(object::Object object, const Arguments& arguments, Output& out);

}  // namespace skep::cli
