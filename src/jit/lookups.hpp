// Look-ups in arrays whose index needs no memory.
//
// A key goes to bpf_map_lookup_elem() by its address, so that compilers store it to the frame in
// front of every look-up. After simplify(): where the same block stored it, the index is the
// register it was stored from, or a number, and an element that is known to be there is a constant
// that nobody asks whether it is null. The store stays for whoever else reads it.
#pragma once

#include "jit/operation.hpp"
#include "platform/machine.hpp"

namespace skep::jit {

void find_keys(Unit& unit, const platform::Bindings& bindings);

}  // namespace skep::jit
