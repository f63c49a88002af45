// tracefs: the kernel's tracepoints and what it says of functions.
//
// Source: Documentation/trace/ftrace.rst and events.rst of Linux.
#pragma once

#include <string>
#include <vector>

#include "base/types.hpp"
#include "skep/result.hpp"

namespace skep::kernel {

// Where it is mounted. Fault::absent says how to mount it.
Result<std::string> tracefs();

// The number of tracepoint `category`/`name`. Fault::absent names the nearest.
Result<u64> tracepoint_id(const std::string& category, const std::string& name);

// Functions that can be traced and match a pattern with * and ?. Without tracefs's list of them,
// those of the kernel's symbols.
Result<std::vector<std::string>> functions_matching(std::string_view pattern);

}  // namespace skep::kernel
