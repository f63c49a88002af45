// Whether a file has types of its own, or such that continue those of another file, as a kernel
// module's do those of its kernel.
//
// Nothing in the format says so. But the first string of types that stand alone is the empty one,
// and those that continue others take it from there.
#pragma once

#include <string>

#include "skep/result.hpp"

namespace skep::btf {

// The file is as Types::open() takes it; false as well when it has no header that can be read.
Result<bool> is_split(const std::string& path);

}  // namespace skep::btf
