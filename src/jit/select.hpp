// Branches over one move become conditional moves.
//
// What compilers write for `x = c ? a : x` is a branch over a move, and where it is not predicted
// it costs more than all around it. After simplify(): a block that is nothing but a move and is
// entered from one place only goes into the branch in front of it. Confined code pays for its
// blocks and is left as it is.
#pragma once

#include "jit/operation.hpp"

namespace skep::jit {

void select(Unit& unit);

}  // namespace skep::jit
