// Which registers matter at each instruction, computed before the walk.
//
// Two backward analyses over one function at a time: a register is live where it may be read before
// it is written, and its number is precise where it may decide a branch, an address or a size. What
// is not live or not precise is left out when states are compared, so that paths that differ only
// in it become one.
#pragma once

#include <vector>

#include "platform/program.hpp"
#include "verify/state.hpp"

namespace skep::verify {

// By instruction: what matters right before it.
std::vector<Relevance> relevance_of(const platform::Program& program);

}  // namespace skep::verify
