// A command from spawn to exit, as a user waits for it.
//
// Wall time. The largest resident set is what wait4(2) says; Linux counts the memory of the process
// that called exec there too, so it is never below ours.
#pragma once

#include <string>
#include <vector>

#include "skep/result.hpp"

namespace skep::bench {

struct Start {
  double milliseconds = 0;
  double megabytes = 0;
};

// Output goes nowhere. A command that fails is an error.
Result<Start> start_once(const std::vector<std::string>& words);

}  // namespace skep::bench
