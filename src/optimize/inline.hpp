// Calls of small functions become their instructions.
//
// A call costs the kernel's JIT a frame, saved registers and a return that speculation does not
// follow, which is more than most small functions take. Inlined are static functions that call
// nothing, have no frame of their own and are short; what they keep in r6 to r9 moves to registers
// that are free at the call. Functions that called only such ones call nothing then, and so on.
// Global functions are left: the kernel verifies them by their types and others may replace them.
#pragma once

#include "optimize/body.hpp"
#include "optimize/optimize.hpp"

namespace skep::optimize {

// By number of the function: how many calls in it were inlined.
std::vector<u32> inline_calls(const object::Object& object, const Knowledge& knowledge,
                              std::vector<Body>& bodies);

}  // namespace skep::optimize
