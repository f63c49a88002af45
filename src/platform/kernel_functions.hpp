// Since which release a kernel function may be called by BPF programs.
//
// Kernel functions (kfuncs) are no part of a stable interface: later kernels may lack what an
// earlier one had, and modules bring their own. So this knows when a name first could be called, of
// those whose release is known, and nothing of the others. Names and releases follow the history of
// Linux, as https://docs.ebpf.io/linux/timeline lists it; those up to 6.1 are in the source of 6.1,
// the others are not.
#pragma once

#include <optional>
#include <string_view>

#include "base/types.hpp"

namespace skep::platform {

// "6.2" of bpf_task_acquire; empty when it is not known.
std::string_view kernel_function_since(std::string_view name);

// Those that the user engine has too. In verified code the immediate of a call is one of these.
enum class UserFunction : u8 {
  throw_exception,      // bpf_throw(u64 cookie); the call's target is where the exception callback
                        // begins, or 0 when the program has none
  arena_alloc_pages,    // void *bpf_arena_alloc_pages(map, void *addr, u32 count, int node, u64
                        // flags)
  arena_free_pages,     // void bpf_arena_free_pages(map, void *addr, u32 count)
  arena_reserve_pages,  // int bpf_arena_reserve_pages(map, void *addr, u32 count)
  walk_map,             // void *(map, maps::Walk *): programs do not call it by a name
  count_
};
// No value: the kernel alone has it. Names without "___flavour".
std::optional<UserFunction> user_function(std::string_view name);

}  // namespace skep::platform
