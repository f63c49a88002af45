// The way to a refusal, walked again to see what was known at each of its instructions.
//
// A walk that proves a program keeps nothing for explanations. When a program was refused, it is
// walked once more, and the states on the refused path are kept: the walk is the same, so they are
// found by the marks of Report::way.
#pragma once

#include <memory>
#include <vector>

#include "verify/observer.hpp"
#include "verify/verify.hpp"

namespace skep::explain {

struct Stop {
  isa::InstructionIndex at;
  verify::State state;  // in front of the instruction
};

// The last kStopsMax of the path, oldest first; the refused instruction is the last. Empty where no
// instruction was refused, but the shape of the program.
inline constexpr std::size_t kStopsMax = 1 << 15;
std::vector<Stop> retrace(const std::shared_ptr<const platform::Program>& program,
                          const verify::Limits& limits, const verify::Report& report);

}  // namespace skep::explain
