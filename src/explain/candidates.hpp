// Inputs that may bring a run to where it should be, the most likely one first.
#pragma once

#include "explain/machine.hpp"

namespace skep::explain {

// With which the comparison at `stop`, where the run left the path, goes the path's way.
std::vector<Input> to_stay(const Way& way, const Machine& machine, std::size_t stop);
// With which the refused instruction touches what it may not.
std::vector<Input> to_fault(const Way& way, const Machine& machine);

}  // namespace skep::explain
