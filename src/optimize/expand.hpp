// What BPF can say of an operation that the passes have changed: loads and stores with a base and
// an offset, the swap of what was loaded, and rows of copies through a register that is free there.
#pragma once

#include <optional>
#include <vector>

#include "jit/operation.hpp"

namespace skep::optimize {

// The instructions of an operation that is not what it was; nothing where BPF cannot say it.
std::optional<std::vector<isa::Instruction>> expand(const jit::Operation& operation);

}  // namespace skep::optimize
