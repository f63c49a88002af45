// What one instruction does to the state of a path, for whoever walks the paths (explore.hpp,
// merged_walk.hpp): everything but where the path goes on.
#pragma once

#include "verify/analysis.hpp"

namespace skep::verify {

// The instructions that go on to the next one, but for calls of the program's own functions.
Check transfer(Analysis& analysis, State& state, isa::InstructionIndex at);

// The number of the function that begins there.
std::size_t number_of_function(const platform::Program& program, isa::InstructionIndex begin);
// A static function is entered; it is to return to `return_to`.
void enter_function(State& state, std::size_t number, isa::InstructionIndex return_to);
// Back from it to its caller.
Check leave_function(State& state);
// The end of the program, or of a global function that is verified on its own.
Check check_end(Analysis& analysis, const State& state);

// The registers that are live, by frame: whoever walks has those of the instructions.
using LiveRegisters = std::array<Registers, isa::kFramesMax>;
LiveRegisters live_at(std::span<const Registers> live, const State& state,
                      isa::InstructionIndex at);

}  // namespace skep::verify
