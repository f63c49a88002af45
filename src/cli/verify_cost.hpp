// What verifying a program cost, by source line: where the walk went most often.
#pragma once

#include <string>
#include <vector>

#include "platform/program.hpp"
#include "verify/verify.hpp"

namespace skep::cli {

// One source line; without line information, one instruction.
struct LineCost {
  std::string place;  // "flows.c:40", or "instruction 12"
  std::string text;   // the line, or the instruction
  u64 visits = 0;     // instructions of it that were walked, over all paths
  u64 states = 0;     // kept there, to be compared with later ones
};

// The costliest lines first, as many as are asked for.
std::vector<LineCost> costs_of(const platform::Program& program, const verify::Work& work,
                               std::size_t most);

}  // namespace skep::cli
