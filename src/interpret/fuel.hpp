// How runs that nobody proved finite are bounded.
//
// Fuel is counted in instructions and paid a block at a time: whoever enters a block pays for all
// of it, or stops there. Both engines use the same blocks, so that the same run ends at the same
// place in both.
#pragma once

#include <span>
#include <vector>

#include "isa/instruction.hpp"

namespace skep::interpret {

// By instruction: what is paid when it is reached. Not 0 where a block begins: at the first
// instruction, at targets of jumps and local calls, behind jumps and exits, and at the latest after
// 255 instructions.
std::vector<u8> block_charges(std::span<const isa::Instruction> code);

}  // namespace skep::interpret
