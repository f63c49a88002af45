// Operations back to instructions: bytecode as a target of the compiler.
//
// What the passes left alone is written as it stood. Of the rest, BPF can say loads and stores with
// a base and an offset, the swap of what was loaded, rows of copies through a register that is free
// there, and opposite branches. Blocks keep their order; those that nothing leads to are gone, as
// the kernel refuses unreachable code, and jumps to jumps go where these do.
#pragma once

#include "optimize/lowered.hpp"

namespace skep::optimize {

// The instructions of an operation that is not what it was; nothing where BPF cannot say it.
std::optional<std::vector<isa::Instruction>> expand(const jit::Operation& operation);

// Errors say what cannot be said.
Result<std::vector<Step>> encode(const Body& body, const Lowered& lowered);

}  // namespace skep::optimize
