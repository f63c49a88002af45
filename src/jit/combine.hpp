// What takes several BPF instructions and one of the machine's.
//
// BPF has no rotate, and compilers put numbers in network order together from bytes. One pass over
// each block follows what its registers hold (value numbering) and puts a rotate, or one wide load,
// in the place of the operation that completes it; what only led there is dead then, and dataflow
// takes it away. Confined code is left as it is: its accesses are checked one by one.
#pragma once

#include "jit/operation.hpp"

namespace skep::jit {

void combine(Unit& unit);

}  // namespace skep::jit
