// A search for an input with which the program does what was refused.
//
// The refused path is run on concrete values (machine.hpp). Where a run leaves the path, the
// numbers that were compared are traced back to what the program was given, which is chosen anew so
// that the comparison goes the other way; where the run comes to the refused instruction and does
// nothing wrong, the same is done with the bounds of what it touches. Both until a run does what is
// refused, or the time is up. What is found is a run, not a guess: it is what the Report shows.
#pragma once

#include <chrono>

#include "explain/machine.hpp"

namespace skep::explain {

struct SearchLimits {
  u32 runs_max = 2000;
  std::chrono::milliseconds time_max{250};
};

// Fills Report::cause, and of a bug the input, the run and its ending.
void find_cause(const Way& way, const SearchLimits& limits, verify::Report& report);

}  // namespace skep::explain
