// Copies from memory that may not be there: an address that a program made up must not end the
// process.
#pragma once

#include <span>

#include "base/types.hpp"

namespace skep {

// Copies up to `to.size()` bytes from `address` of this process. Returns how many were readable
// from there on.
std::size_t copy_from_unknown(std::span<char> to, u64 address);

}  // namespace skep
