// Whether the place that a program is attached to exists in a kernel, as far as its BTF tells.
//
// BTF lists a kernel's functions, and with them LSM hooks (bpf_lsm_NAME), iterators (bpf_iter_NAME)
// and system calls; its tracepoints (typedef btf_trace_NAME); and in two enums the program and
// attach types that it knows. Tracepoints that are made from system calls, files of users and their
// probes are not in it. A function that the compiler renamed (name.isra.0) is not in it either, and
// cannot be probed by its name.
#pragma once

#include "btf/targets.hpp"
#include "object/object.hpp"

namespace skep::object {

enum class HookState : u8 { present, absent, unknown, count_ };
std::string_view name_of(HookState state);

struct Hook {
  HookState state = HookState::unknown;
  std::string why;  // what is not there, or why it is not known; empty when it is present
};

Hook find_hook(const ProgramEntry& program, const btf::Targets& kernel);

}  // namespace skep::object
