#include "platform/program_types.hpp"

#include "platform/contexts.hpp"

namespace skep::platform {
namespace {

// clang-format off
constexpr Verdict kXdpVerdicts[] = {
    {0, "XDP_ABORTED"}, {1, "XDP_DROP"}, {2, "XDP_PASS"}, {3, "XDP_TX"}, {4, "XDP_REDIRECT"}};
constexpr Verdict kTcVerdicts[] = {{-1, "TC_ACT_UNSPEC"}, {0, "TC_ACT_OK"},         {1, "TC_ACT_RECLASSIFY"},
                                   {2, "TC_ACT_SHOT"},    {3, "TC_ACT_PIPE"},       {4, "TC_ACT_STOLEN"},
                                   {5, "TC_ACT_QUEUED"},  {6, "TC_ACT_REPEAT"},     {7, "TC_ACT_REDIRECT"},
                                   {8, "TC_ACT_TRAP"}};

// ---- program types -----------------------------------------------------------------------------------------------

constexpr EnumArray<ProgramType, ProgramTypeRow> kTypeRows({
    {ProgramType::socket_filter, {.name = "socket_filter", .input = Input::packet, .context_name = "struct __sk_buff", .context_size = 192, .may_load_packet = true, .since = "3.19", .privilege = Privilege::none}},
    {ProgramType::kprobe, {.name = "kprobe", .context_name = "struct pt_regs", .context_size = 168, .since = "4.1", .privilege = Privilege::perfmon}},
    {ProgramType::sched_cls, {.name = "sched_cls", .input = Input::packet, .context_name = "struct __sk_buff", .context_size = 192, .verdicts = kTcVerdicts, .may_write_packet = true, .may_load_packet = true, .since = "4.1", .privilege = Privilege::net_admin}},
    {ProgramType::sched_act, {.name = "sched_act", .context_name = "struct __sk_buff", .context_size = 192, .may_write_packet = true, .may_load_packet = true, .since = "4.1", .privilege = Privilege::net_admin}},
    {ProgramType::tracepoint, {.name = "tracepoint", .context_name = "the record", .context_size = 8192, .since = "4.7", .privilege = Privilege::perfmon}},
    {ProgramType::xdp, {.name = "xdp", .input = Input::packet, .context_name = "struct xdp_md", .context_size = 24, .verdicts = kXdpVerdicts, .may_write_packet = true, .since = "4.8", .privilege = Privilege::net_admin}},
    {ProgramType::perf_event, {.name = "perf_event", .context_name = "struct bpf_perf_event_data", .context_size = 184, .since = "4.9", .privilege = Privilege::perfmon}},
    {ProgramType::cgroup_skb, {.name = "cgroup_skb", .context_name = "struct __sk_buff", .context_size = 192, .since = "4.10", .privilege = Privilege::none}},
    {ProgramType::cgroup_sock, {.name = "cgroup_sock", .context_name = "struct bpf_sock", .context_size = 80, .since = "4.10", .privilege = Privilege::net_admin}},
    {ProgramType::lwt_in, {.name = "lwt_in", .context_name = "struct __sk_buff", .context_size = 192, .since = "4.10", .privilege = Privilege::net_admin}},
    {ProgramType::lwt_out, {.name = "lwt_out", .context_name = "struct __sk_buff", .context_size = 192, .since = "4.10", .privilege = Privilege::net_admin}},
    {ProgramType::lwt_xmit, {.name = "lwt_xmit", .context_name = "struct __sk_buff", .context_size = 192, .may_write_packet = true, .since = "4.10", .privilege = Privilege::net_admin}},
    {ProgramType::sock_ops, {.name = "sock_ops", .context_name = "struct bpf_sock_ops", .context_size = 224, .since = "4.13", .privilege = Privilege::net_admin}},
    {ProgramType::sk_skb, {.name = "sk_skb", .context_name = "struct __sk_buff", .context_size = 192, .may_write_packet = true, .since = "4.14", .privilege = Privilege::net_admin}},
    {ProgramType::cgroup_device, {.name = "cgroup_device", .context_name = "struct bpf_cgroup_dev_ctx", .context_size = 12, .since = "4.15", .privilege = Privilege::net_admin}},
    {ProgramType::sk_msg, {.name = "sk_msg", .context_name = "struct sk_msg_md", .context_size = 80, .may_write_packet = true, .since = "4.17", .privilege = Privilege::net_admin}},
    {ProgramType::raw_tracepoint, {.name = "raw_tracepoint", .context_name = "struct bpf_raw_tracepoint_args", .context_size = 96, .since = "4.17", .privilege = Privilege::perfmon}},
    {ProgramType::cgroup_sock_addr, {.name = "cgroup_sock_addr", .context_name = "struct bpf_sock_addr", .context_size = 72, .since = "4.17", .privilege = Privilege::net_admin}},
    {ProgramType::lwt_seg6local, {.name = "lwt_seg6local", .context_name = "struct __sk_buff", .context_size = 192, .since = "4.18", .privilege = Privilege::net_admin}},
    {ProgramType::lirc_mode2, {.name = "lirc_mode2", .context_name = "the sample", .context_size = 4, .since = "4.18"}},
    {ProgramType::sk_reuseport, {.name = "sk_reuseport", .context_name = "struct sk_reuseport_md", .context_size = 56, .since = "4.19"}},
    {ProgramType::flow_dissector, {.name = "flow_dissector", .context_name = "struct __sk_buff", .context_size = 192, .since = "4.20", .privilege = Privilege::net_admin}},
    {ProgramType::cgroup_sysctl, {.name = "cgroup_sysctl", .context_name = "struct bpf_sysctl", .context_size = 8, .since = "5.2", .privilege = Privilege::net_admin}},
    {ProgramType::raw_tracepoint_writable, {.name = "raw_tracepoint_writable", .context_name = "struct bpf_raw_tracepoint_args", .context_size = 96, .since = "5.2", .privilege = Privilege::perfmon}},
    {ProgramType::cgroup_sockopt, {.name = "cgroup_sockopt", .context_name = "struct bpf_sockopt", .context_size = 40, .may_write_packet = true, .since = "5.3", .privilege = Privilege::net_admin}},
    {ProgramType::tracing, {.name = "tracing", .context_name = "the arguments", .context_size = 96, .since = "5.5", .privilege = Privilege::perfmon}},
    {ProgramType::struct_ops, {.name = "struct_ops", .context_name = "the arguments", .context_size = 96, .since = "5.6", .privilege = Privilege::perfmon}},
    {ProgramType::ext, {.name = "ext", .context_name = "the context", .since = "5.6", .privilege = Privilege::perfmon}},
    {ProgramType::lsm, {.name = "lsm", .context_name = "the arguments", .context_size = 96, .since = "5.7", .privilege = Privilege::perfmon}},
    {ProgramType::sk_lookup, {.name = "sk_lookup", .context_name = "struct bpf_sk_lookup", .context_size = 72, .since = "5.9"}},
    {ProgramType::syscall, {.name = "syscall", .input = Input::context, .context_name = "the context", .context_size = 0xffff, .since = "5.14"}},
    {ProgramType::netfilter, {.name = "netfilter", .context_name = "struct bpf_nf_ctx", .context_size = 16, .since = "6.4", .privilege = Privilege::net_admin}},
    {ProgramType::unspecified, {.name = "unspec"}},
});
// clang-format on

}  // namespace

const ProgramTypeRow& row(ProgramType type) { return kTypeRows[type]; }

std::optional<AttachType> loaded_as(ProgramType type, std::optional<AttachType> attach) {
  if (attach) return attach;
  if (type == ProgramType::cgroup_sock) return AttachType::cgroup_inet_sock_create;
  if (type == ProgramType::sk_reuseport) return AttachType::sk_reuseport_select;
  return attach;
}

}  // namespace skep::platform
