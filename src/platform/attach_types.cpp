// Names as in libbpf's attach_type_name; releases from the kernel's history (the release that first
// has the member in include/uapi/linux/bpf.h).
#include "platform/attach_types.hpp"

namespace skep::platform {
namespace {

// clang-format off
constexpr EnumArray<AttachType, AttachTypeRow> kAttachTypes({
    {AttachType::cgroup_inet_ingress, {"cgroup_inet_ingress", "4.10"}},
    {AttachType::cgroup_inet_egress, {"cgroup_inet_egress", "4.10"}},
    {AttachType::cgroup_inet_sock_create, {"cgroup_inet_sock_create", "4.10"}},
    {AttachType::cgroup_sock_ops, {"cgroup_sock_ops", "4.13"}},
    {AttachType::sk_skb_stream_parser, {"sk_skb_stream_parser", "4.14"}},
    {AttachType::sk_skb_stream_verdict, {"sk_skb_stream_verdict", "4.14"}},
    {AttachType::cgroup_device, {"cgroup_device", "4.15"}},
    {AttachType::sk_msg_verdict, {"sk_msg_verdict", "4.17"}},
    {AttachType::cgroup_inet4_bind, {"cgroup_inet4_bind", "4.17"}},
    {AttachType::cgroup_inet6_bind, {"cgroup_inet6_bind", "4.17"}},
    {AttachType::cgroup_inet4_connect, {"cgroup_inet4_connect", "4.17"}},
    {AttachType::cgroup_inet6_connect, {"cgroup_inet6_connect", "4.17"}},
    {AttachType::cgroup_inet4_post_bind, {"cgroup_inet4_post_bind", "4.17"}},
    {AttachType::cgroup_inet6_post_bind, {"cgroup_inet6_post_bind", "4.17"}},
    {AttachType::cgroup_udp4_sendmsg, {"cgroup_udp4_sendmsg", "4.18"}},
    {AttachType::cgroup_udp6_sendmsg, {"cgroup_udp6_sendmsg", "4.18"}},
    {AttachType::lirc_mode2, {"lirc_mode2", "4.18"}},
    {AttachType::flow_dissector, {"flow_dissector", "4.20"}},
    {AttachType::cgroup_sysctl, {"cgroup_sysctl", "5.2"}},
    {AttachType::cgroup_udp4_recvmsg, {"cgroup_udp4_recvmsg", "5.2"}},
    {AttachType::cgroup_udp6_recvmsg, {"cgroup_udp6_recvmsg", "5.2"}},
    {AttachType::cgroup_getsockopt, {"cgroup_getsockopt", "5.3"}},
    {AttachType::cgroup_setsockopt, {"cgroup_setsockopt", "5.3"}},
    {AttachType::trace_raw_tp, {"trace_raw_tp", "5.5"}},
    {AttachType::trace_fentry, {"trace_fentry", "5.5"}},
    {AttachType::trace_fexit, {"trace_fexit", "5.5"}},
    {AttachType::modify_return, {"modify_return", "5.7"}},
    {AttachType::lsm_mac, {"lsm_mac", "5.7"}},
    {AttachType::trace_iter, {"trace_iter", "5.8"}},
    {AttachType::cgroup_inet4_getpeername, {"cgroup_inet4_getpeername", "5.8"}},
    {AttachType::cgroup_inet6_getpeername, {"cgroup_inet6_getpeername", "5.8"}},
    {AttachType::cgroup_inet4_getsockname, {"cgroup_inet4_getsockname", "5.8"}},
    {AttachType::cgroup_inet6_getsockname, {"cgroup_inet6_getsockname", "5.8"}},
    {AttachType::xdp_devmap, {"xdp_devmap", "5.8"}},
    {AttachType::cgroup_inet_sock_release, {"cgroup_inet_sock_release", "5.9"}},
    {AttachType::xdp_cpumap, {"xdp_cpumap", "5.9"}},
    {AttachType::sk_lookup, {"sk_lookup", "5.9"}},
    {AttachType::xdp, {"xdp", "5.9"}},
    {AttachType::sk_skb_verdict, {"sk_skb_verdict", "5.13"}},
    {AttachType::sk_reuseport_select, {"sk_reuseport_select", "5.14"}},
    {AttachType::sk_reuseport_select_or_migrate, {"sk_reuseport_select_or_migrate", "5.14"}},
    {AttachType::perf_event, {"perf_event", "5.15"}},
    {AttachType::trace_kprobe_multi, {"trace_kprobe_multi", "5.18"}},
    {AttachType::lsm_cgroup, {"lsm_cgroup", "6.0"}},
    {AttachType::struct_ops, {"struct_ops", "6.4"}},
    {AttachType::netfilter, {"netfilter", "6.4"}},
    {AttachType::tcx_ingress, {"tcx_ingress", "6.6"}},
    {AttachType::tcx_egress, {"tcx_egress", "6.6"}},
    {AttachType::trace_uprobe_multi, {"trace_uprobe_multi", "6.6"}},
    {AttachType::cgroup_unix_connect, {"cgroup_unix_connect", "6.7"}},
    {AttachType::cgroup_unix_sendmsg, {"cgroup_unix_sendmsg", "6.7"}},
    {AttachType::cgroup_unix_recvmsg, {"cgroup_unix_recvmsg", "6.7"}},
    {AttachType::cgroup_unix_getpeername, {"cgroup_unix_getpeername", "6.7"}},
    {AttachType::cgroup_unix_getsockname, {"cgroup_unix_getsockname", "6.7"}},
    {AttachType::netkit_primary, {"netkit_primary", "6.7"}},
    {AttachType::netkit_peer, {"netkit_peer", "6.7"}},
    {AttachType::trace_kprobe_session, {"trace_kprobe_session", "6.10"}},
    {AttachType::trace_uprobe_session, {"trace_uprobe_session", "6.13"}},
    {AttachType::trace_fsession, {"trace_fsession", "7.0"}},
    {AttachType::trace_fentry_multi, {"trace_fentry_multi", ""}},
    {AttachType::trace_fexit_multi, {"trace_fexit_multi", ""}},
    {AttachType::trace_fsession_multi, {"trace_fsession_multi", ""}},
});
// clang-format on
static_assert(kAttachTypes.size() == 62);

}  // namespace

const AttachTypeRow& row(AttachType type) { return kAttachTypes[type]; }

}  // namespace skep::platform
