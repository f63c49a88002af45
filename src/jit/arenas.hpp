// Accesses to an arena, and casts to what user space sees, as operations that every target has.
//
// A pointer into the arena is the lower half of an address (verify/arenas.cpp). The last of the
// passes: those before it see an access like any other. What it makes goes through the temporary
// register, and is next to what reads it.
#pragma once

#include "jit/operation.hpp"
#include "platform/machine.hpp"

namespace skep::jit {

void reach_arena(Unit& unit, const platform::ArenaPlace& arena);

}  // namespace skep::jit
