// Whether the place that a program is attached to exists in a kernel, as far as its BTF tells.
//
// BTF lists a kernel's functions, and with them LSM hooks (bpf_lsm_NAME), iterators (bpf_iter_NAME)
// and system calls; its tracepoints (typedef btf_trace_NAME); and in two enums the program and
// attach types that it knows. Tracepoints that are made from system calls, files of users and their
// probes are not in it. A function that the compiler renamed (name.isra.0) is not in it either, and
// cannot be probed by its name.
#pragma once

#include <optional>
#include <string>

#include "btf/targets.hpp"
#include "object/object.hpp"

namespace skep::object {

enum class HookState : u8 { present, absent, unknown, count_ };
std::string_view name_of(HookState state);

struct Hook {
  HookState state = HookState::unknown;
  std::string why;  // what is not there, or why it is not known; empty when it is present
};

// What the kernel's BTF calls a target: "bpf_lsm_file_open", a function. Nothing when it has no
// name of its own there.
struct BtfName {
  std::string name;
  btf::Kind kind = btf::Kind::function;
};
std::optional<BtfName> name_in_btf(const platform::Target& target);

Hook find_hook(const ProgramEntry& program, const btf::Targets& kernel);

}  // namespace skep::object
