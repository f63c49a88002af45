// Since which release a kernel function may be called by BPF programs.
//
// Kernel functions (kfuncs) are no part of a stable interface: later kernels may lack what an
// earlier one had, and modules bring their own. So this knows when a name first could be called, of
// those whose release is known, and nothing of the others. Names and releases follow the history of
// Linux, as https://docs.ebpf.io/linux/timeline lists it; those up to 6.1 are in the source of 6.1,
// the others are not.
#pragma once

#include <string_view>

namespace skep::platform {

// "6.2" of bpf_task_acquire; empty when it is not known.
std::string_view kernel_function_since(std::string_view name);

}  // namespace skep::platform
