// The functions that attach, one or more a file; attach.cpp has the table that calls them.
#pragma once

#include "kernel/attach.hpp"
#include "kernel/bpf.hpp"

namespace skep::kernel {

// What each of them gets.
struct Attachment {
  const App& app;
  const LoadedProgram& program;
  const Place& place;
  platform::Target target;  // of the section, or what the user said in its place
  Hook hook;
  u64 semaphore = 0;  // usdt: where in the file its counter is, 0 without one

  int descriptor() const { return program.descriptor.get(); }
  Capabilities needs() const { return row(hook).capabilities; }
  Link link(std::string where) const { return {program.entry.name, hook, std::move(where)}; }
  // What bpf(2) calls the hook; `otherwise` for types that have one only.
  u32 attach_type(platform::AttachType otherwise) const {
    return platform::kernel_number(program.entry.attach_type.value_or(otherwise));
  }
};

// A bpf_link from BPF_LINK_CREATE.
Result<Fd> create_link(const Attachment& at, platform::CreateLink create, std::string_view where);

// probes.cpp
Result<Link> attach_kprobe(const Attachment& at);
Result<Link> attach_system_call(const Attachment& at);
Result<Link> attach_uprobe(const Attachment& at);
// perf_events.cpp
Result<Link> attach_tracepoint(const Attachment& at);
// samples.cpp
Result<Link> attach_perf_event(const Attachment& at);
// multi.cpp
Result<Link> attach_kprobe_multi(const Attachment& at);
Result<Link> attach_uprobe_multi(const Attachment& at);
// usdt.cpp
Result<Link> attach_usdt(const Attachment& at);
// tracing.cpp
Result<Link> attach_raw_tracepoint(const Attachment& at);
Result<Link> attach_tracing(const Attachment& at);
Result<Link> attach_iterator(const Attachment& at);
Result<Link> attach_lsm_cgroup(const Attachment& at);
// interfaces.cpp
Result<Link> attach_xdp(const Attachment& at);
Result<Link> attach_tc(const Attachment& at);
Result<Link> attach_netkit(const Attachment& at);
Result<Link> attach_route(const Attachment& at);
// sockets.cpp
Result<Link> attach_cgroup(const Attachment& at);
Result<Link> attach_sock_map(const Attachment& at);
Result<Link> attach_network_namespace(const Attachment& at);
Result<Link> attach_socket(const Attachment& at);
Result<Link> attach_netfilter(const Attachment& at);
Result<Link> attach_infrared(const Attachment& at);

}  // namespace skep::kernel
