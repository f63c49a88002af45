// Branches over little become conditional moves, and branches over a jump the opposite branch.
//
// What compilers write for `x = c ? a : x` is a branch over what computes a, and where it is not
// predicted it costs more than all around it. After simplify(): a block that does nothing but give
// one register a value, in a few quick operations, and is entered from one place only goes into the
// branch in front of it, which becomes a select. A block that is nothing but a jump goes as well.
// Blocks that only run into each other are one, so that what comes next sees more at once.
// Confined code pays for its blocks and is left as it is.
#pragma once

#include "jit/operation.hpp"

namespace skep::jit {

void select(Unit& unit);

// Only the branches over a jump, for what has no conditional moves.
void straighten(Unit& unit);

}  // namespace skep::jit
