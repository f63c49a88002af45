// What the kernel's refusals to attach mean: who is there already, and since which release there is
// such a hook.
//
// In: what was tried, and the errno. Out: an Error with what to do. The attaching functions say
// what an errno means at their hook; here is what is the same at all of them.
#pragma once

#include <string>
#include <vector>

#include "kernel/attachers.hpp"

namespace skep::kernel {

// BPF_LINK_CREATE with the attachment's program: a descriptor, or a negative errno.
s64 try_link(const Attachment& at, platform::CreateLink create);

struct Refusal {
  std::string_view where;  // "veth0 (native)"
  int answer;              // errno
  std::string_view what;   // what this kernel may be too old for: "tcx_ingress"
  std::string_view since;  // the release that first has it; empty when that is not known
  std::string hint{};      // what to do when the kernel is new enough
};
Error not_attached(const Attachment& at, const Refusal& refusal);

// The programs that are attached to a descriptor or the number of an interface (BPF_PROG_QUERY).
struct Attached {
  std::vector<u32> programs;
  u32 flags = 0;  // of cgroups: BPF_F_ALLOW_OVERRIDE, BPF_F_ALLOW_MULTI
};
Result<Attached> attached_to(u32 target, u32 attach_type);

// "program 12 (block_all)"; without names where they may not be asked for.
std::string names_of_programs(const std::vector<u32>& programs);
// Fault::usage: the hook takes one program and these are there.
Error taken(std::string_view where, const std::vector<u32>& programs, std::string hint);

}  // namespace skep::kernel
