// The log of the kernel's verifier, as a Report in the terms of the program's author.
//
// The log is a walk: instructions ("7: (85) call bpf_x#1"), states, source lines, and at its end
// what could not be proved. The last instruction in it is where the walk ended, and the lines
// behind it say why. What CO-RE did not find, and so stands in the code as a call of a helper that
// does not exist, is said by its own message. Source: print_verifier_state() and verbose() in
// kernel/bpf/verifier.c, whose wording differs between releases: only the shapes above are relied
// on.
#pragma once

#include <string_view>

#include "object/kernel/program.hpp"
#include "verify/verify.hpp"

namespace skep::kernel {

// Whether the verifier refused the program. A kernel that does not let such programs in, whatever
// they do, says EPERM, and that no instruction was walked.
bool is_verdict(std::string_view log, int answer);

verify::Report read_log(std::string_view log, const object::KernelProgram& program);

}  // namespace skep::kernel
