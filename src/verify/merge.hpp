// One state for what two paths know: everything that may be so on one of them.
//
// What is known of a number is the hull of both. Pointers into the same object keep being pointers
// into it, and what relates values to each other (equal numbers, packet pointers that were compared
// with the packet's end together, pointers that are null together) is kept where it holds on both
// paths. What cannot be said of both in one Value is not merged.
#pragma once

#include "verify/step.hpp"

namespace skep::verify {

// What counts of states that stand at the same instruction.
struct Counts {
  LiveRegisters live;
  SlotSets pointers{};  // slots in which a pointer is not to be lost
};

// Makes `into` hold `from`, too. False: they have something that does not merge, and `into` is as
// it was, but for registers that are not live.
bool merge(Analysis& analysis, State& into, const State& from, const Counts& counts);

}  // namespace skep::verify
