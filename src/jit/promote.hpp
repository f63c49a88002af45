// Values of the frame, and large constants of loops, in registers that the function leaves over.
//
// BPF has ten registers and machines have more: what clang had to spill, and a constant that it
// makes again in each round, find a place in what is left. A place of the frame is moved where all
// that touches it are loads and stores of one width through r10; a constant, when the function is
// entered. Moves that this leaves behind are folded into what reads them. What is worth the most
// comes first: each access counts, in a loop eight times as much.
//
// The registers that this adds are the spares of jit/operation.hpp; allocate() gives them homes.
#pragma once

#include "jit/allocate.hpp"

namespace skep::jit {

// Verified code only. Preconditions: simplify() has filled live_after, and nothing changes
// operations afterwards but lay_out(). `file` is the one that allocate() will be given.
void promote(Unit& unit, const RegisterFile& file);

}  // namespace skep::jit
