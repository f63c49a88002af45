// The compiler's passes on a body, held to what the kernel's verifier accepts.
//
// Wide accesses only where the verifier takes them at any address (packets, values of maps, ring
// records), or aligned to the frame: everywhere else a field has the width that it has. Rotates
// have no instruction. What a pass did beyond that is taken back.
#pragma once

#include "optimize/lowered.hpp"
#include "optimize/optimize.hpp"

namespace skep::optimize {

void reduce(Lowered& body, Changes& changes);

}  // namespace skep::optimize
