// Accesses of the frame through a copy of its pointer become accesses through r10.
//
// Compilers keep `r10 - 96` in a register over a loop. With it in the access itself the register is
// free, the copy often dead, and everybody sees which bytes are meant and how they are aligned.
#pragma once

#include "jit/operation.hpp"

namespace skep::optimize {

// Returns how many there were.
u32 anchor(jit::Unit& unit);

}  // namespace skep::optimize
