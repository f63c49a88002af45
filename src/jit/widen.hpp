// Neighbouring stores become one of many bytes.
//
// After fold_addresses(): what compilers write for `= {}` and memcpy is a row of stores of zero, or
// of loads and the stores of what they loaded, a byte each where they know nothing of alignment. A
// row of zeros becomes a fill, and one of copies a copy, when the program's proof says that its two
// sides are different memory, or both are places of the frame. The accesses of a row lose their
// order, which plain ones do not have for others. Confined code is left as it is.
#pragma once

#include "jit/operation.hpp"

namespace skep::jit {

void widen(Unit& unit);

}  // namespace skep::jit
