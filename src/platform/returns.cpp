#include "platform/returns.hpp"

namespace skep::platform {
namespace {

struct ReturnRow {
  ProgramType type;
  AttachTypes attach;  // 0: any other one
  ReturnRange range;
};

constexpr ReturnRange kVerdict{0, 1};
constexpr ReturnRange kAlways{1, 1};
constexpr ReturnRange kNothing{0, 0};

// The first row that fits counts.
// clang-format off
constexpr ReturnRow kReturnRows[] = {
    {ProgramType::cgroup_skb, set_of(AttachType::cgroup_inet_egress), {0, 3}},  // 2 and 3: with congestion noted
    {ProgramType::cgroup_skb, 0, kVerdict},
    {ProgramType::cgroup_sock, 0, kVerdict},
    {ProgramType::cgroup_sock_addr, set_of(AttachType::cgroup_inet4_bind, AttachType::cgroup_inet6_bind), {0, 3}},  // bit 1: any port
    {ProgramType::cgroup_sock_addr, set_of(AttachType::cgroup_udp4_recvmsg, AttachType::cgroup_udp6_recvmsg, AttachType::cgroup_unix_recvmsg,
                                           AttachType::cgroup_inet4_getpeername, AttachType::cgroup_inet6_getpeername, AttachType::cgroup_unix_getpeername,
                                           AttachType::cgroup_inet4_getsockname, AttachType::cgroup_inet6_getsockname, AttachType::cgroup_unix_getsockname), kAlways},
    {ProgramType::cgroup_sock_addr, 0, kVerdict},
    {ProgramType::cgroup_device, 0, kVerdict},
    {ProgramType::cgroup_sysctl, 0, kVerdict},
    {ProgramType::cgroup_sockopt, 0, kVerdict},
    {ProgramType::sock_ops, 0, kVerdict},
    {ProgramType::sk_lookup, 0, kVerdict},
    {ProgramType::netfilter, 0, kVerdict},
    {ProgramType::kprobe, set_of(AttachType::trace_kprobe_session, AttachType::trace_uprobe_session), kVerdict},  // 1: not at the return
    {ProgramType::tracing, set_of(AttachType::trace_fentry, AttachType::trace_fexit), kNothing},
    {ProgramType::tracing, set_of(AttachType::trace_fsession), kVerdict},
    {ProgramType::tracing, set_of(AttachType::trace_iter), kVerdict},
};
// clang-format on

}  // namespace

std::optional<ReturnRange> allowed_returns(ProgramType type, std::optional<AttachType> attach) {
  for (const ReturnRow& row : kReturnRows) {
    if (row.type != type) continue;
    if (row.attach == 0 || (attach && (row.attach & set_of(*attach)) != 0)) return row.range;
  }
  return std::nullopt;
}

}  // namespace skep::platform
