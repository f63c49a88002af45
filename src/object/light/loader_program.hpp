// The loader program: a plan as instructions.
//
// It is a BPF program of type syscall. r1 points to the context, words of eight bytes; its only map
// is the blob, by position 0 of fd_array. It returns 0, or the negative error number of the step
// whose number then stands in word kStep; all descriptors are closed then. Helpers: bpf_sys_bpf,
// bpf_btf_find_by_name_kind, bpf_sys_close (Linux 5.14), bpf_kallsyms_lookup_name (5.16) and
// bpf_copy_from_user.
#pragma once

#include <vector>

#include "isa/instruction.hpp"
#include "object/light/plan.hpp"

namespace skep::object::light {

// Fault::exhausted when jumps would be too far.
Result<std::vector<isa::Slot>> loader_program(const Plan& plan);

}  // namespace skep::object::light
