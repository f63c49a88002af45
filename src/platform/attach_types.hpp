// Where a program can be attached: the closed list of the kernel.
//
// Members are in the order of enum bpf_attach_type (include/uapi/linux/bpf.h), so that a member's
// number is the kernel's. A program type that is attached in one way only has none; bpf(2) is then
// given 0.
#pragma once

#include <string_view>

#include "base/enum_array.hpp"
#include "base/types.hpp"

namespace skep::platform {

enum class AttachType : u8 {
  cgroup_inet_ingress,
  cgroup_inet_egress,
  cgroup_inet_sock_create,
  cgroup_sock_ops,
  sk_skb_stream_parser,
  sk_skb_stream_verdict,
  cgroup_device,
  sk_msg_verdict,
  cgroup_inet4_bind,
  cgroup_inet6_bind,
  cgroup_inet4_connect,
  cgroup_inet6_connect,
  cgroup_inet4_post_bind,
  cgroup_inet6_post_bind,
  cgroup_udp4_sendmsg,
  cgroup_udp6_sendmsg,
  lirc_mode2,
  flow_dissector,
  cgroup_sysctl,
  cgroup_udp4_recvmsg,
  cgroup_udp6_recvmsg,
  cgroup_getsockopt,
  cgroup_setsockopt,
  trace_raw_tp,
  trace_fentry,
  trace_fexit,
  modify_return,
  lsm_mac,
  trace_iter,
  cgroup_inet4_getpeername,
  cgroup_inet6_getpeername,
  cgroup_inet4_getsockname,
  cgroup_inet6_getsockname,
  xdp_devmap,
  cgroup_inet_sock_release,
  xdp_cpumap,
  sk_lookup,
  xdp,
  sk_skb_verdict,
  sk_reuseport_select,
  sk_reuseport_select_or_migrate,
  perf_event,
  trace_kprobe_multi,
  lsm_cgroup,
  struct_ops,
  netfilter,
  tcx_ingress,
  tcx_egress,
  trace_uprobe_multi,
  cgroup_unix_connect,
  cgroup_unix_sendmsg,
  cgroup_unix_recvmsg,
  cgroup_unix_getpeername,
  cgroup_unix_getsockname,
  netkit_primary,
  netkit_peer,
  trace_kprobe_session,
  trace_uprobe_session,
  trace_fsession,
  trace_fentry_multi,
  trace_fexit_multi,
  trace_fsession_multi,
  count_
};

constexpr u32 kernel_number(AttachType type) { return static_cast<u32>(type); }

using AttachTypes = u64;  // a set of them
static_assert(kCount<AttachType> <= 64);
constexpr AttachTypes set_of(AttachType type) { return u64{1} << static_cast<u32>(type); }
template <class... More>
constexpr AttachTypes set_of(AttachType first, More... more) {
  return set_of(first) | set_of(more...);
}

struct AttachTypeRow {
  std::string_view name;   // as bpftool prints it
  std::string_view since;  // first kernel release with it; empty when that is not known
};
const AttachTypeRow& row(AttachType type);

}  // namespace skep::platform
