// Which privileges this process has, and which one is missing when the kernel says EPERM.
//
// The kernel answers "Operation not permitted" for a missing capability, a locked-down kernel, a
// refused program type and a full limit alike. Here the answer is compared with what the process
// has
// (/proc/thread-self/status), so that the error names what to change. Source: capabilities(7),
// kernel/bpf/syscall.c (bpf_prog_load), kernel/bpf/token.c.
#pragma once

#include <string>
#include <string_view>

#include "base/types.hpp"
#include "platform/capabilities.hpp"
#include "skep/result.hpp"

namespace skep::kernel {

using Capabilities = u64;  // a set; bits as in capabilities(7)
inline constexpr Capabilities kNetAdmin = u64{1} << 12;
inline constexpr Capabilities kSysAdmin = u64{1} << 21;
inline constexpr Capabilities kSysResource = u64{1} << 24;
inline constexpr Capabilities kPerfmon = u64{1} << 38;
inline constexpr Capabilities kBpf = u64{1} << 39;

// Those that this thread has and may use now (CapEff); CAP_SYS_ADMIN stands for CAP_BPF,
// CAP_PERFMON and, for bpf(2), nothing else.
Capabilities effective_capabilities();
// The one that a row of the platform's tables names.
Capabilities capabilities_for(platform::Privilege privilege);
// Those of this thread, as the verifier takes them.
platform::Capabilities capabilities_here();
// Those of `needs` that are missing, as people write them: "CAP_BPF and CAP_PERFMON"; or an empty
// text.
std::string missing(Capabilities needs);

// What `answer`, an errno, says of `doing` ("create map flows"), with what is to be done about it.
Error refused(std::string_view doing, int answer, Capabilities needs);

}  // namespace skep::kernel
