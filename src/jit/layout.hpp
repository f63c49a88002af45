// The order of blocks: nothing that nobody reaches, and fewer jumps in loops.
//
// clang's order is a good one, but for loops whose end it places in front of their begin, with a
// jump over it and one back in every round. What only one jump leads to stands behind that jump
// here; where that is a branch back into a loop that else ends the function, the branch is turned
// round.
#pragma once

#include "jit/operation.hpp"

namespace skep::jit {

// Verified code only. Renumbers blocks; those that do not stand in front of their `next` get
// a jump to it. Also takes away operations that are `nothing`, and notes what functions use.
void lay_out(Unit& unit);

}  // namespace skep::jit
