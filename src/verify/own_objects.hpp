// Objects that a program allocates (bpf_obj_new), and the lists and trees that own them.
//
// A pointer to one is of Kind::own, with the program's BTF type. It is owned (Trust::reference,
// with a reference that is to be given back, or handed on to a list, a tree or a map), or it is
// owned by somebody else and good while the lock is held that protects it (Trust::none). Roots are
// reached under the lock in the same value or object. The rules are those of check_kfunc_args and
// check_kfunc_call in kernel/bpf/verifier.c of Linux 6.18.
#pragma once

#include "verify/fields.hpp"
#include "verify/kernel_functions.hpp"

namespace skep::verify {

// An access to such an object: a member of its structure, and no special field.
Check check_own_access(const Analysis& analysis, const Value& pointer, const Access& access);

// An argument of the kinds that these functions take, and of those that work on other special
// fields of maps.
Check check_own_argument(Analysis& analysis, State& state, KernelCall& call,
                         const KernelParameter& of);
// After all arguments: what the call makes or hands on; call.own is what it returns.
Check finish_own_call(Analysis& analysis, State& state, KernelCall& call);

// Behind the end of a lock's section, what others own may be gone.
void forget_not_owned(State& state, isa::InstructionIndex at);

}  // namespace skep::verify
