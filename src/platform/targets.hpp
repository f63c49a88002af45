// What Linux says of its functions that programs are attached to: hooks of security modules (LSM),
// and functions that tracing programs may not follow.
//
// Types do not say it; the kernel has lists. The rows are those of Linux 6.18:
// kernel/bpf/bpf_lsm.c, btf_id_deny and noreturn_deny in kernel/bpf/verifier.c,
// btf_allowlist_d_path in kernel/trace/bpf_trace.c. Names that a kernel was built without are no
// harm.
#pragma once

#include <string_view>

namespace skep::platform {

struct LsmHook {
  bool may_sleep;     // programs attached there may
  bool is_disabled;   // no program is attached there
  bool is_trusted;    // its arguments are alive
  bool is_yes_or_no;  // answers 0 or 1, instead of 0 or a negative error number
};
// Of a name without "bpf_lsm_", "file_open"; of one that is no hook what most are.
LsmHook lsm_hook(std::string_view name);

// Whether tracing programs may be attached to this function.
bool may_be_traced(std::string_view function);
// Of those, whether nothing is ever called at their return.
bool never_returns(std::string_view function);
// Whether bpf_d_path() may be called in tracing programs of this function.
bool gives_paths(std::string_view function);

}  // namespace skep::platform
