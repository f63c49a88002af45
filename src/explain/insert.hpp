// Programs with a few instructions more.
//
// In: a relocated program and what is put in front of one of its instructions, or on one way of a
// branch. Out: the program with everything moved along: jumps, calls, functions, source lines, uses
// of externs. Jumps inside of what is put in count from its first instruction.
#pragma once

#include <memory>
#include <span>

#include "platform/program.hpp"

namespace skep::explain {

using Program = std::shared_ptr<const platform::Program>;

// Who comes to the new instructions: everyone who came to the old one, or only who came from the
// instruction before it.
enum class Comes : u8 { everyone, falling_through };

struct Insertion {
  isa::InstructionIndex before{};
  Comes comes = Comes::everyone;
  isa::Code code = {};
};

Program with_inserted(const Program& program, const Insertion& insertion);
// On the way on which the conditional jump `at` is taken.
Program with_inserted_on_jump(const Program& program, isa::InstructionIndex at,
                              std::span<const isa::Instruction> code);

}  // namespace skep::explain
