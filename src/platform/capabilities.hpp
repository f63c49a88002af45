// What a user may ask of bpf(2): capabilities, and what the kernel's verifier makes of them.
//
// A Privilege is what one thing needs: a type of programs, a helper, a kind of maps, a field of a
// context; its row is in the table of that thing. A Right is what all of a program's instructions
// may do, as the kernel keeps it in struct bpf_verifier_env; kRights is the only place that says
// which capability gives it. The answers are those of Linux 6.18 where
// kernel.unprivileged_bpf_disabled is 0; otherwise bpf(2) takes nothing without CAP_BPF. Source:
// capabilities(7), bpf_token_capable and bpf_prog_load in kernel/bpf, bpf_allow_ptr_leaks and what
// is around it in include/linux/bpf.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/enum_array.hpp"
#include "base/types.hpp"

namespace skep::platform {

enum class Privilege : u8 { none, bpf, net_admin, perfmon, sys_admin, count_ };
std::string_view name_of(Privilege privilege);  // "CAP_PERFMON"

using Capabilities = u8;  // a set of them; none is no member
template <class... More>
constexpr Capabilities set_of(Privilege first, More... more) {
  const auto bit = first == Privilege::none ? 0 : 1u << static_cast<u32>(first);
  if constexpr (sizeof...(more) == 0) {
    return static_cast<Capabilities>(bit);
  } else {
    return static_cast<Capabilities>(bit | set_of(more...));
  }
}
inline constexpr Capabilities kNoCapabilities = 0;
// CAP_SYS_ADMIN stands for the others.
inline constexpr Capabilities kAllCapabilities =
    set_of(Privilege::bpf, Privilege::net_admin, Privilege::perfmon, Privilege::sys_admin);

constexpr bool has(Capabilities held, Privilege needed) {
  return needed == Privilege::none || (held & set_of(needed)) != 0;
}
// "CAP_BPF and CAP_PERFMON", "no capability"
std::string text_of(Capabilities capabilities);
// From "none", "all", or names with commas between them, without "cap_": "bpf,net_admin". Nothing:
// there is no such name.
std::optional<Capabilities> capabilities_of(std::string_view names);

// In brackets: the field of struct bpf_verifier_env.
enum class Right : u8 {
  functions,  // to have functions, to call the kernel's, and to go back in the code: loops
              // [bpf_capable]
  addresses,  // to show what an address is [allow_ptr_leaks]
  uninitialised_stack,  // to read what nobody wrote [allow_uninit_stack]
  speculation,  // to have it taken as executed, whatever a processor does ahead [bypass_spec_v1];
                // bypass_spec_v4 changes code and no verdict
  count_
};

inline constexpr EnumArray<Right, Privilege> kRights({
    {Right::functions, Privilege::bpf},
    {Right::addresses, Privilege::perfmon},
    {Right::uninitialised_stack, Privilege::perfmon},
    {Right::speculation, Privilege::perfmon},
});

constexpr bool has(Capabilities held, Right right) { return has(held, kRights[right]); }

// Slots of a program without CAP_BPF (BPF_MAXINSNS).
inline constexpr u32 kUnprivilegedSlotsMax = 4096;

}  // namespace skep::platform
