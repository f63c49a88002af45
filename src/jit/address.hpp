// What only makes the address of accesses becomes part of them.
//
// After simplify(): a sum, a shifted index, a distance from another register, or a constant goes
// when all that reads it are loads and stores of the same block, which then have base, index, scale
// and offset themselves. What is live in between is put right. Confined code is left as it is.
#pragma once

#include "jit/operation.hpp"

namespace skep::jit {

// The addresses that a target's loads and stores can have besides base + index and base + offset.
struct Addressing {
  bool indexed = true;            // base + index
  bool index_and_offset = false;  // both at once
  bool scaled = false;            // an index times 2, 4 or 8, whatever the width
  bool absolute = false;          // no base
};

void fold_addresses(Unit& unit, const Addressing& addressing);

}  // namespace skep::jit
