// Operations back to instructions: bytecode as a target of the compiler.
//
// What the passes left alone is written as it stood, the rest as expand.hpp says, or as the
// opposite branch. Blocks keep their order; those that nothing leads to are gone, as the kernel
// refuses unreachable code, and jumps to jumps go where these do.
#pragma once

#include "optimize/lowered.hpp"

namespace skep::optimize {

// Errors say what cannot be said.
Result<std::vector<Step>> encode(const Body& body, const Lowered& lowered);

}  // namespace skep::optimize
