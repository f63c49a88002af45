// The older way of tc: a filter in the qdisc clsact of an interface.
//
// Takes what tcx has no link for, on kernels before 6.6 and where others expect filters. Several
// programs may be there, by rising priority. The qdisc is made when there is none, and taken away
// again with the last filter of ours.
#pragma once

#include "kernel/attachers.hpp"

namespace skep::kernel {

enum class Direction : u8 { ingress, egress };

// In this thread's network namespace, which is at.place.network_namespace.
Result<Link> attach_clsact(const Attachment& at, u32 interface, Direction direction);

}  // namespace skep::kernel
