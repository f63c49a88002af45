// Dynptrs: pointers to memory of a size that is known at run time only.
//
// A dynptr is an object of two slots on the stack, or is handed to a callback, which may not change
// it. It is told by what it points to (`type`), an identity of its own (`id`), and, of a record of
// a ring buffer, the reference that is to be given back. A slice of it is memory whose `reference`
// is the dynptr's identity: it is lost with the dynptr. The rules are those of process_dynptr_func
// in kernel/bpf/verifier.c of Linux 6.18.
#pragma once

#include "verify/arguments.hpp"
#include "verify/kernel_functions.hpp"

namespace skep::verify {

// The dynptr that a register points to, made before; refused in `function`'s name.
Check find_dynptr(Analysis& analysis, const State& state, u8 r, Dynptr& out);
// Makes one where the register points to; `given` says what it points to, and which reference it
// shares with another.
struct NewDynptr {
  u8 r;
  isa::InstructionIndex at;
  DynptrKind kind;
  u32 shared = 0;
};
Check make_dynptr(Analysis& analysis, State& state, const NewDynptr& of);
// Gives back the record of all dynptrs that share it.
void release_dynptrs(const Analysis& analysis, State& state, u32 reference,
                     isa::InstructionIndex at);

// Memory in a dynptr, as one that may be null.
Value slice_of(const Dynptr& dynptr, u32 bytes);
// Whether memory is a slice of a packet, which is lost when the packet moves.
bool is_packet_slice(const Value& value);

// The arguments of helpers and of the kernel's functions.
Check check_dynptr_argument(Analysis& analysis, State& state, Call& call, u8 r);
Check check_kernel_dynptr(Analysis& analysis, State& state, KernelCall& call,
                          const KernelParameter& of);

}  // namespace skep::verify
