// Hooks that are perf events, by what they share: probes.cpp has kprobes and uprobes, samples.cpp
// samples and watchpoints.
//
// perf_event_open(2) makes the event, a bpf_link (since 5.15) or an ioctl binds the program to it.
#pragma once

#include <linux/perf_event.h>

#include <string>

#include "kernel/attachers.hpp"

namespace skep::kernel {

perf_event_attr new_event(u32 type, u64 config);

// Which tasks and CPUs an event is of, as perf_event_open(2) counts: -1 is all.
struct Scope {
  int pid = -1;
  int cpu = 0;
};

// Makes an event and binds the program to it; `link` holds both. Fault::absent: no such event here.
Result<void> add_event(const Attachment& at, perf_event_attr event, Scope scope, Link& link);
// The same, of one event only.
Result<Link> attach_to(const Attachment& at, perf_event_attr event, Scope scope, std::string where);

}  // namespace skep::kernel
