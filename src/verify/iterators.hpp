// Open-coded iterators: loops whose next element a function of the kernel gives.
//
// An iterator is an object on the stack, made by a function that ends in _new, stepped by _next and
// destroyed by _destroy, which gives back what _new acquired. It is active until _next returned
// null; so a call of _next has two ways, and the loop around it ends by itself (decision 0025). The
// rules are those of process_iter_arg and process_iter_next_call in kernel/bpf/verifier.c of Linux
// 6.18.
#pragma once

#include "verify/kernel_functions.hpp"

namespace skep::verify {

// Whether an instruction calls a function that steps an iterator.
bool steps_iterator(const platform::Program& program, isa::InstructionIndex at);
// The iterator argument of the functions that make, step and destroy one.
Check check_iterator(Analysis& analysis, State& state, KernelCall& call, const KernelParameter& of);
// What a step returned is null, or is not; `iterator` is where it stands.
void end_iterator(State& state, const ObjectPlace& iterator);
void go_on(State& state, u32 iterator);  // by its reference
// The quick walk knows which round it is by other means.
void forget_rounds(State& state);

// Whether an instruction calls a function that makes one.
bool makes_iterator(const platform::Program& program, isa::InstructionIndex at);
// Where in the frame the iterator stands that a call makes or steps, if the instructions in front
// of the call say so.
std::optional<s64> iterator_place(const isa::Code& code, isa::InstructionIndex at);

}  // namespace skep::verify
