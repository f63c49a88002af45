// What a Unit's registers are known to hold, and which of it is read again.
//
// Two passes over the blocks: forward, registers whose upper half is known to be zero, so that zero
// extensions of them go; backward, which halves of registers are live, so that operations whose
// result nobody reads go, and 64-bit arithmetic whose upper half nobody reads becomes 32-bit. What
// stays is marked with what is live after it.
#pragma once

#include "jit/usage.hpp"

namespace skep::jit {

// How many operations went: they are `nothing`, in front of the first block.
u32 simplify(Unit& unit);

// Takes out operations that became part of others, and leaves blocks where they are.
void drop_nothing(Unit& unit);

// How many ways lead to each block inside of its function, up to two; functions are entered from
// outside. Verified code only.
std::vector<u8> entrances(const Unit& unit);

}  // namespace skep::jit
