// Which registers are live at each instruction, computed before the walk.
//
// A register is live where it may be read before it is written. What is not live is left out when
// states are compared, so that paths that differ only in it become one.
#pragma once

#include <vector>

#include "platform/program.hpp"
#include "verify/state.hpp"

namespace skep::verify {

struct Effects {
  Registers reads = 0;
  Registers writes = 0;
};
Effects effects_of(const isa::Instruction& i);

// By instruction: the registers that are live right before it.
std::vector<Registers> live_registers(const platform::Program& program);

// By instruction: the slots of its function's frame that may be read back whole, as spilled
// registers are, before they are overwritten so. Reads through other registers are not seen.
std::vector<u64> spilled_slots(const platform::Program& program);

}  // namespace skep::verify
