// Sections of a program in which nothing may sleep: RCU read sections, and those in which it is not
// preempted.
#pragma once

#include "verify/kernel_functions.hpp"

namespace skep::verify {

// Whether pointers that RCU protects are valid here: programs that may not sleep run in a section.
bool is_in_rcu(const Analysis& analysis, const State& state);
// Refuses `what` ("the program ends") where a section is open.
Check check_no_section(const State& state, std::string_view what);
// Refuses the call of `name`, which may sleep, where a section is open.
Check check_may_sleep(const State& state, std::string_view name);
// The place on the stack where interrupt flags are saved, or restored from.
Check check_interrupt_flags(Analysis& analysis, State& state, const KernelCall& call, u8 r);
// What the call of a kernel function does to the sections: nothing, of most.
Check change_sections(State& state, std::string_view function, isa::InstructionIndex at);

}  // namespace skep::verify
