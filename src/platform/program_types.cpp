#include "platform/program_types.hpp"

#include <array>
#include <cstddef>
#include <cstring>

#include "platform/machine.hpp"

namespace skep::platform {
namespace {

// ---- contexts
// ----------------------------------------------------------------------------------------------------

// A plain number: the engine keeps it where the program looks for it.
constexpr ContextField number(std::string_view name, u16 offset, Parts parts = Parts::of_reads,
                              u8 size = 4, Access access = Access::read) {
  return {name, offset, size, FieldKind::number, access, parts, offset, size};
}
constexpr ContextField pointer(std::string_view name, u16 offset, FieldKind kind,
                               std::size_t runtime_offset) {
  return {name, offset, 4, kind, Access::read, Parts::none, static_cast<u16>(runtime_offset), 8};
}
constexpr ContextField writable(std::string_view name, u16 offset, Parts parts = Parts::of_reads,
                                u8 size = 4) {
  return number(name, offset, parts, size, Access::read_write);
}

// struct xdp_md (xdp_is_valid_access in net/core/filter.c)
// clang-format off
constexpr ContextField kXdp[] = {
    pointer("data", 0, FieldKind::packet, offsetof(PacketContext, data)),
    pointer("data_end", 4, FieldKind::packet_end, offsetof(PacketContext, data_end)),
    pointer("data_meta", 8, FieldKind::packet_meta, offsetof(PacketContext, data_meta)),
    number("ingress_ifindex", 12, Parts::none),
    number("rx_queue_index", 16, Parts::none),
};
// clang-format on

// struct __sk_buff, as sched_cls programs may use it (tc_cls_act_is_valid_access in
// net/core/filter.c)
// clang-format off
constexpr ContextField kSchedCls[] = {
    number("len", 0), number("pkt_type", 4), writable("mark", 8), writable("queue_mapping", 12), number("protocol", 16),
    number("vlan_present", 20), number("vlan_tci", 24), number("vlan_proto", 28), writable("priority", 32),
    number("ingress_ifindex", 36), number("ifindex", 40), writable("tc_index", 44), writable("cb", 48, Parts::of_reads_and_writes, 20),
    number("hash", 68), writable("tc_classid", 72), pointer("data", 76, FieldKind::packet, offsetof(PacketContext, data)),
    pointer("data_end", 80, FieldKind::packet_end, offsetof(PacketContext, data_end)), number("napi_id", 84),
    pointer("data_meta", 140, FieldKind::packet_meta, offsetof(PacketContext, data_meta)), writable("tstamp", 152, Parts::none, 8),
    number("wire_len", 160), number("gso_segs", 164), number("gso_size", 176), number("hwtstamp", 184, Parts::none, 8),
};
// clang-format on

// struct __sk_buff, as socket filters may use it (sk_filter_is_valid_access)
// clang-format off
constexpr ContextField kSocketFilter[] = {
    number("len", 0), number("pkt_type", 4), number("mark", 8), number("queue_mapping", 12), number("protocol", 16),
    number("vlan_present", 20), number("vlan_tci", 24), number("vlan_proto", 28), number("priority", 32),
    number("ingress_ifindex", 36), number("ifindex", 40), number("tc_index", 44), writable("cb", 48, Parts::of_reads_and_writes, 20),
    number("hash", 68), number("napi_id", 84), number("gso_segs", 164), number("gso_size", 176),
};
// clang-format on

// clang-format off
constexpr Verdict kXdpVerdicts[] = {
    {0, "XDP_ABORTED"}, {1, "XDP_DROP"}, {2, "XDP_PASS"}, {3, "XDP_TX"}, {4, "XDP_REDIRECT"}};
constexpr Verdict kTcVerdicts[] = {{-1, "TC_ACT_UNSPEC"}, {0, "TC_ACT_OK"},         {1, "TC_ACT_RECLASSIFY"},
                                   {2, "TC_ACT_SHOT"},    {3, "TC_ACT_PIPE"},       {4, "TC_ACT_STOLEN"},
                                   {5, "TC_ACT_QUEUED"},  {6, "TC_ACT_REPEAT"},     {7, "TC_ACT_REDIRECT"},
                                   {8, "TC_ACT_TRAP"}};

// ---- program types -----------------------------------------------------------------------------------------------

constexpr ProgramTypeRow named(std::string_view name) {
  return {name, "", 0, {}, {}, false, false};
}

constexpr EnumArray<ProgramType, ProgramTypeRow> kRows({
    {ProgramType::socket_filter, {"socket_filter", "struct __sk_buff", 192, kSocketFilter, {}, false, true}},
    {ProgramType::sched_cls, {"sched_cls", "struct __sk_buff", 192, kSchedCls, kTcVerdicts, true, true}},
    {ProgramType::xdp, {"xdp", "struct xdp_md", 24, kXdp, kXdpVerdicts, true, false}},
    {ProgramType::kprobe, named("kprobe")},
    {ProgramType::sched_act, named("sched_act")},
    {ProgramType::tracepoint, named("tracepoint")},
    {ProgramType::perf_event, named("perf_event")},
    {ProgramType::cgroup_skb, named("cgroup_skb")},
    {ProgramType::cgroup_sock, named("cgroup_sock")},
    {ProgramType::lwt_in, named("lwt_in")},
    {ProgramType::lwt_out, named("lwt_out")},
    {ProgramType::lwt_xmit, named("lwt_xmit")},
    {ProgramType::sock_ops, named("sock_ops")},
    {ProgramType::sk_skb, named("sk_skb")},
    {ProgramType::cgroup_device, named("cgroup_device")},
    {ProgramType::sk_msg, named("sk_msg")},
    {ProgramType::raw_tracepoint, named("raw_tracepoint")},
    {ProgramType::cgroup_sock_addr, named("cgroup_sock_addr")},
    {ProgramType::lwt_seg6local, named("lwt_seg6local")},
    {ProgramType::lirc_mode2, named("lirc_mode2")},
    {ProgramType::sk_reuseport, named("sk_reuseport")},
    {ProgramType::flow_dissector, named("flow_dissector")},
    {ProgramType::cgroup_sysctl, named("cgroup_sysctl")},
    {ProgramType::raw_tracepoint_writable, named("raw_tracepoint_writable")},
    {ProgramType::cgroup_sockopt, named("cgroup_sockopt")},
    {ProgramType::tracing, named("tracing")},
    {ProgramType::struct_ops, named("struct_ops")},
    {ProgramType::ext, named("ext")},
    {ProgramType::lsm, named("lsm")},
    {ProgramType::sk_lookup, named("sk_lookup")},
    {ProgramType::syscall, named("syscall")},
    {ProgramType::netfilter, named("netfilter")},
});
// clang-format on

// ---- section names
// -----------------------------------------------------------------------------------------------

// libbpf's section names, in its order: the first match counts.
// clang-format off
constexpr auto kSections = std::to_array<SectionName>({
    {"socket", ProgramType::socket_filter},
    {"sk_reuseport/migrate", ProgramType::sk_reuseport},
    {"sk_reuseport", ProgramType::sk_reuseport},
    {"kprobe+", ProgramType::kprobe},
    {"uprobe+", ProgramType::kprobe},
    {"uprobe.s+", ProgramType::kprobe},
    {"kretprobe+", ProgramType::kprobe},
    {"uretprobe+", ProgramType::kprobe},
    {"uretprobe.s+", ProgramType::kprobe},
    {"kprobe.multi+", ProgramType::kprobe},
    {"kretprobe.multi+", ProgramType::kprobe},
    {"kprobe.session+", ProgramType::kprobe},
    {"uprobe.multi+", ProgramType::kprobe},
    {"uretprobe.multi+", ProgramType::kprobe},
    {"uprobe.session+", ProgramType::kprobe},
    {"uprobe.multi.s+", ProgramType::kprobe},
    {"uretprobe.multi.s+", ProgramType::kprobe},
    {"uprobe.session.s+", ProgramType::kprobe},
    {"ksyscall+", ProgramType::kprobe},
    {"kretsyscall+", ProgramType::kprobe},
    {"usdt+", ProgramType::kprobe},
    {"usdt.s+", ProgramType::kprobe},
    {"tc/ingress", ProgramType::sched_cls},
    {"tc/egress", ProgramType::sched_cls},
    {"tcx/ingress", ProgramType::sched_cls},
    {"tcx/egress", ProgramType::sched_cls},
    {"tc", ProgramType::sched_cls},
    {"classifier", ProgramType::sched_cls},
    {"action", ProgramType::sched_act},
    {"netkit/primary", ProgramType::sched_cls},
    {"netkit/peer", ProgramType::sched_cls},
    {"tracepoint+", ProgramType::tracepoint},
    {"tp+", ProgramType::tracepoint},
    {"tracepoint.s+", ProgramType::tracepoint},
    {"tp.s+", ProgramType::tracepoint},
    {"raw_tracepoint+", ProgramType::raw_tracepoint},
    {"raw_tp+", ProgramType::raw_tracepoint},
    {"raw_tracepoint.s+", ProgramType::raw_tracepoint},
    {"raw_tp.s+", ProgramType::raw_tracepoint},
    {"raw_tracepoint.w+", ProgramType::raw_tracepoint_writable},
    {"raw_tp.w+", ProgramType::raw_tracepoint_writable},
    {"tp_btf+", ProgramType::tracing},
    {"tp_btf.s+", ProgramType::tracing},
    {"fentry+", ProgramType::tracing},
    {"fmod_ret+", ProgramType::tracing},
    {"fexit+", ProgramType::tracing},
    {"fentry.s+", ProgramType::tracing},
    {"fmod_ret.s+", ProgramType::tracing},
    {"fexit.s+", ProgramType::tracing},
    {"fsession+", ProgramType::tracing},
    {"fsession.s+", ProgramType::tracing},
    {"fsession.multi+", ProgramType::tracing},
    {"fsession.multi.s+", ProgramType::tracing},
    {"fentry.multi+", ProgramType::tracing},
    {"fexit.multi+", ProgramType::tracing},
    {"fentry.multi.s+", ProgramType::tracing},
    {"fexit.multi.s+", ProgramType::tracing},
    {"freplace+", ProgramType::ext},
    {"lsm+", ProgramType::lsm},
    {"lsm.s+", ProgramType::lsm},
    {"lsm_cgroup+", ProgramType::lsm},
    {"iter+", ProgramType::tracing},
    {"iter.s+", ProgramType::tracing},
    {"syscall", ProgramType::syscall},
    {"xdp.frags/devmap", ProgramType::xdp},
    {"xdp/devmap", ProgramType::xdp},
    {"xdp.frags/cpumap", ProgramType::xdp},
    {"xdp/cpumap", ProgramType::xdp},
    {"xdp.frags", ProgramType::xdp},
    {"xdp", ProgramType::xdp},
    {"perf_event", ProgramType::perf_event},
    {"lwt_in", ProgramType::lwt_in},
    {"lwt_out", ProgramType::lwt_out},
    {"lwt_xmit", ProgramType::lwt_xmit},
    {"lwt_seg6local", ProgramType::lwt_seg6local},
    {"sockops", ProgramType::sock_ops},
    {"sk_skb/stream_parser", ProgramType::sk_skb},
    {"sk_skb/stream_verdict", ProgramType::sk_skb},
    {"sk_skb/verdict", ProgramType::sk_skb},
    {"sk_skb", ProgramType::sk_skb},
    {"sk_msg", ProgramType::sk_msg},
    {"lirc_mode2", ProgramType::lirc_mode2},
    {"flow_dissector", ProgramType::flow_dissector},
    {"cgroup_skb/ingress", ProgramType::cgroup_skb},
    {"cgroup_skb/egress", ProgramType::cgroup_skb},
    {"cgroup/skb", ProgramType::cgroup_skb},
    {"cgroup/sock_create", ProgramType::cgroup_sock},
    {"cgroup/sock_release", ProgramType::cgroup_sock},
    {"cgroup/sock", ProgramType::cgroup_sock},
    {"cgroup/post_bind4", ProgramType::cgroup_sock},
    {"cgroup/post_bind6", ProgramType::cgroup_sock},
    {"cgroup/bind4", ProgramType::cgroup_sock_addr},
    {"cgroup/bind6", ProgramType::cgroup_sock_addr},
    {"cgroup/connect4", ProgramType::cgroup_sock_addr},
    {"cgroup/connect6", ProgramType::cgroup_sock_addr},
    {"cgroup/connect_unix", ProgramType::cgroup_sock_addr},
    {"cgroup/sendmsg4", ProgramType::cgroup_sock_addr},
    {"cgroup/sendmsg6", ProgramType::cgroup_sock_addr},
    {"cgroup/sendmsg_unix", ProgramType::cgroup_sock_addr},
    {"cgroup/recvmsg4", ProgramType::cgroup_sock_addr},
    {"cgroup/recvmsg6", ProgramType::cgroup_sock_addr},
    {"cgroup/recvmsg_unix", ProgramType::cgroup_sock_addr},
    {"cgroup/getpeername4", ProgramType::cgroup_sock_addr},
    {"cgroup/getpeername6", ProgramType::cgroup_sock_addr},
    {"cgroup/getpeername_unix", ProgramType::cgroup_sock_addr},
    {"cgroup/getsockname4", ProgramType::cgroup_sock_addr},
    {"cgroup/getsockname6", ProgramType::cgroup_sock_addr},
    {"cgroup/getsockname_unix", ProgramType::cgroup_sock_addr},
    {"cgroup/sysctl", ProgramType::cgroup_sysctl},
    {"cgroup/getsockopt", ProgramType::cgroup_sockopt},
    {"cgroup/setsockopt", ProgramType::cgroup_sockopt},
    {"cgroup/dev", ProgramType::cgroup_device},
    {"struct_ops+", ProgramType::struct_ops},
    {"struct_ops.s+", ProgramType::struct_ops},
    {"sk_lookup", ProgramType::sk_lookup},
    {"netfilter", ProgramType::netfilter},
});
// clang-format on
static_assert(kSections.size() == 116);

bool matches(std::string_view section, std::string_view name) {
  if (!name.ends_with('+')) return section == name;
  name.remove_suffix(1);
  return section.starts_with(name) &&
         (section.size() == name.size() || section[name.size()] == '/');
}

}  // namespace

const ProgramTypeRow& row(ProgramType type) { return kRows[type]; }

std::span<const SectionName> section_names() { return kSections; }

const SectionName* find_section(std::string_view section) {
  if (section.starts_with('?')) section.remove_prefix(1);  // libbpf: do not load by default
  for (const SectionName& name : kSections) {
    if (matches(section, name.name)) return &name;
  }
  return nullptr;
}

}  // namespace skep::platform
