// Locks in map values and in objects of the program's own, by the kernel's rules.
//
// A bpf_spin_lock is taken by a helper, and while one is held no second one is. A bpf_res_spin_lock
// is taken by a function of the kernel that may fail, so that its call has two ways; several may be
// held, and they are given back in the reverse order. Follows process_spin_lock and
// check_kfunc_call in kernel/bpf/verifier.c of Linux 6.18.
#pragma once

#include "verify/arguments.hpp"
#include "verify/kernel_functions.hpp"

namespace skep::verify {

// bpf_spin_lock() and bpf_spin_unlock(): the lock in `r`.
Check check_spin_lock(Analysis& analysis, State& state, const Call& call, u8 r);
// The same of bpf_res_spin_lock() and its like.
Check check_resilient_lock(Analysis& analysis, State& state, const KernelCall& call, u8 r);
// Whether an instruction calls what takes such a lock.
bool tries_lock(const platform::Program& program, isa::InstructionIndex at);
// The state behind that call where the lock was not taken; `state` is the one before.
State lock_failed(const State& state, isa::InstructionIndex at);

// The lock that was taken last, or null.
const Held* held_lock(const State& state);
// While a lock is held, only few calls may be made: `call` ("bpf_loop") is none of them.
bool may_be_called_locked(std::string_view kernel_function);
Check check_not_locked(const Analysis& analysis, const State& state, std::string_view call);
// Whether the lock is held that is in the same value or object.
bool is_lock_held(const State& state, const Value& value);

}  // namespace skep::verify
