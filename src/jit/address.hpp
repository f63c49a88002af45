// A sum that is only the address of one access becomes part of that access.
//
// After simplify(): `r3 = r1 + r2` goes when what reads it is one load or store of the same block,
// which then has base and index. What is live in between is put right. Confined code is left as it
// is.
#pragma once

#include "jit/operation.hpp"

namespace skep::jit {

void fold_addresses(Unit& unit);

}  // namespace skep::jit
