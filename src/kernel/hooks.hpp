// What a program can be attached to in the kernel, and what it takes to do so.
//
// One row a kind of hook; which one a program has follows from its section. Adding a kind is a row
// here and a function in the file that it belongs to.
#pragma once

#include "kernel/privileges.hpp"
#include "object/object.hpp"

namespace skep::kernel {

enum class Hook : u8 {
  kprobe,
  kretprobe,
  kprobe_multi,
  system_call,
  uprobe,
  uretprobe,
  uprobe_multi,
  usdt,
  tracepoint,
  raw_tracepoint,
  tracing,  // tp_btf, fentry, fexit, fmod_ret
  lsm,
  lsm_cgroup,
  replacement,  // freplace
  iterator,
  perf_event,
  xdp,
  tc,
  netkit,
  cgroup,
  sock_map,  // sk_skb and sk_msg: a map of sockets
  network_namespace,
  socket,  // socket filters and the choice of a socket (reuseport)
  netfilter,
  route,  // lwt_*
  operations,
  infrared,
  none,  // runs when it is called: from a map, or by test-run
  count_
};

// What the section does not say and the user has to.
enum class Needs : u8 { nothing, target, interface, cgroup, socket, route, count_ };

struct HookRow {
  std::string_view name;  // for people: "tracepoint"
  Capabilities capabilities;
  Needs needs;
};
const HookRow& row(Hook hook);
Hook hook_of(const object::ProgramEntry& program);

}  // namespace skep::kernel
