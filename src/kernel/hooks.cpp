#include "kernel/hooks.hpp"

#include <optional>

namespace skep::kernel {
namespace {

using platform::AttachType;
using platform::ProgramType;
using platform::TargetKind;

constexpr Capabilities kTracing = kBpf | kPerfmon, kNetwork = kBpf | kNetAdmin;

constexpr EnumArray<Hook, HookRow> kHooks({
    {Hook::kprobe, {"kprobe", kTracing, Needs::target}},
    {Hook::kretprobe, {"kretprobe", kTracing, Needs::target}},
    {Hook::kprobe_multi, {"kprobe.multi", kTracing, Needs::target}},
    {Hook::system_call, {"system call", kTracing, Needs::target}},
    {Hook::uprobe, {"uprobe", kTracing, Needs::target}},
    {Hook::uretprobe, {"uretprobe", kTracing, Needs::target}},
    {Hook::uprobe_multi, {"uprobe.multi", kTracing, Needs::target}},
    {Hook::usdt, {"usdt", kTracing, Needs::target}},
    {Hook::tracepoint, {"tracepoint", kTracing, Needs::target}},
    {Hook::raw_tracepoint, {"raw tracepoint", kTracing, Needs::target}},
    {Hook::tracing, {"function or tracepoint with types", kTracing, Needs::nothing}},
    {Hook::lsm, {"LSM hook", kTracing, Needs::nothing}},
    {Hook::lsm_cgroup, {"LSM hook of a cgroup", kTracing, Needs::cgroup}},
    {Hook::replacement, {"function of a program", kTracing, Needs::nothing}},
    {Hook::iterator, {"iterator", kTracing, Needs::nothing}},
    {Hook::perf_event, {"perf event", kTracing, Needs::nothing}},
    {Hook::xdp, {"interface, before its packets have buffers", kNetwork, Needs::interface}},
    {Hook::tc, {"interface", kNetwork, Needs::interface}},
    {Hook::netkit, {"netkit interface", kNetwork, Needs::interface}},
    {Hook::cgroup, {"cgroup", kNetwork, Needs::cgroup}},
    {Hook::sock_map, {"map of sockets", kNetwork, Needs::nothing}},
    {Hook::network_namespace, {"network namespace", kNetwork, Needs::nothing}},
    {Hook::socket, {"socket", kBpf, Needs::socket}},
    {Hook::netfilter, {"netfilter hook", kNetwork, Needs::nothing}},
    {Hook::route, {"route", kNetwork, Needs::route}},
    {Hook::operations, {"operations of the kernel", kTracing, Needs::nothing}},
    {Hook::infrared, {"infrared device", kNetwork, Needs::target}},
    {Hook::none, {"none", kBpf, Needs::nothing}},
});

// By what stands behind the name of the section.
std::optional<Hook> by_target(const object::ProgramEntry& program) {
  const bool is_return = program.section.find("ret") < program.section.find('/');
  switch (program.target.kind) {
    case TargetKind::kernel_function: return is_return ? Hook::kretprobe : Hook::kprobe;
    case TargetKind::user_function: return is_return ? Hook::uretprobe : Hook::uprobe;
    case TargetKind::kernel_pattern: return Hook::kprobe_multi;
    case TargetKind::user_pattern: return Hook::uprobe_multi;
    case TargetKind::system_call: return Hook::system_call;
    case TargetKind::usdt: return Hook::usdt;
    default: return std::nullopt;
  }
}

// Of a section like "kprobe", which leaves the target to the user.
Hook by_name(const object::ProgramEntry& program) {
  const platform::SectionName* row = platform::find_section(program.section);
  object::ProgramEntry with_kind = program;
  if (row != nullptr) with_kind.target.kind = row->target;
  return by_target(with_kind).value_or(Hook::none);
}

Hook of_tracing(const object::ProgramEntry& program) {
  return program.attach_type == AttachType::trace_iter ? Hook::iterator : Hook::tracing;
}

Hook of_xdp(const object::ProgramEntry& program) {
  const bool is_in_map = program.attach_type == AttachType::xdp_devmap ||
                         program.attach_type == AttachType::xdp_cpumap;
  return is_in_map ? Hook::none : Hook::xdp;
}

Hook of_classifier(const object::ProgramEntry& program) {
  const bool is_netkit = program.attach_type == AttachType::netkit_primary ||
                         program.attach_type == AttachType::netkit_peer;
  return is_netkit ? Hook::netkit : Hook::tc;
}

}  // namespace

const HookRow& row(Hook hook) { return kHooks[hook]; }

Hook hook_of(const object::ProgramEntry& program) {
  switch (program.type) {
    case ProgramType::kprobe: return by_target(program).value_or(by_name(program));
    case ProgramType::tracepoint: return Hook::tracepoint;
    case ProgramType::raw_tracepoint:
    case ProgramType::raw_tracepoint_writable: return Hook::raw_tracepoint;
    case ProgramType::tracing: return of_tracing(program);
    case ProgramType::lsm:
      return program.attach_type == AttachType::lsm_cgroup ? Hook::lsm_cgroup : Hook::lsm;
    case ProgramType::ext: return Hook::replacement;
    case ProgramType::perf_event: return Hook::perf_event;
    case ProgramType::xdp: return of_xdp(program);
    case ProgramType::sched_cls: return of_classifier(program);
    case ProgramType::cgroup_skb:
    case ProgramType::cgroup_sock:
    case ProgramType::cgroup_device:
    case ProgramType::cgroup_sock_addr:
    case ProgramType::cgroup_sysctl:
    case ProgramType::cgroup_sockopt:
    case ProgramType::sock_ops: return Hook::cgroup;
    case ProgramType::sk_skb:
    case ProgramType::sk_msg: return Hook::sock_map;
    case ProgramType::sk_lookup:
    case ProgramType::flow_dissector: return Hook::network_namespace;
    case ProgramType::socket_filter:
    case ProgramType::sk_reuseport: return Hook::socket;
    case ProgramType::netfilter: return Hook::netfilter;
    case ProgramType::lwt_in:
    case ProgramType::lwt_out:
    case ProgramType::lwt_xmit:
    case ProgramType::lwt_seg6local: return Hook::route;
    case ProgramType::struct_ops: return Hook::operations;
    case ProgramType::lirc_mode2: return Hook::infrared;
    case ProgramType::sched_act:
    case ProgramType::syscall:
    case ProgramType::unspecified:
    case ProgramType::count_: return Hook::none;
  }
  return Hook::none;
}

}  // namespace skep::kernel
