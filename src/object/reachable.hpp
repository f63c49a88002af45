// Which instructions of a program may be executed, as far as constants decide.
//
// After relocation, `if (bpf_core_field_exists(...))` is a comparison of constants, and what stands
// behind it may be what CO-RE did not find. This walk follows constants through registers and takes
// both ways where it knows none, so that what it does not reach cannot be reached; the verifier
// knows more. It is made for programs of any type, in one quick pass.
#pragma once

#include <vector>

#include "platform/program.hpp"

namespace skep::object {

// By instruction.
std::vector<bool> reachable(const platform::Program& program);

}  // namespace skep::object
