#include "platform/program_types.hpp"

#include <cstddef>
#include <cstring>

#include "platform/machine.hpp"

namespace skep::platform {
namespace {

// ---- contexts
// ----------------------------------------------------------------------------------------------------

// A plain number: the engine keeps it where the program looks for it.
constexpr ContextField numeric(std::string_view name, u16 offset, Parts parts = Parts::of_reads,
                               u8 size = 4, Access access = Access::read) {
  return {name, offset, size, FieldKind::number, access, parts, offset, size};
}
constexpr ContextField pointer(std::string_view name, u16 offset, FieldKind kind,
                               std::size_t runtime_offset) {
  return {name, offset, 4, kind, Access::read, Parts::none, static_cast<u16>(runtime_offset), 8};
}
constexpr ContextField writable(std::string_view name, u16 offset, Parts parts = Parts::of_reads,
                                u8 size = 4) {
  return numeric(name, offset, parts, size, Access::read_write);
}

// struct xdp_md (xdp_is_valid_access in net/core/filter.c)
// clang-format off
constexpr ContextField kXdpContext[] = {
    pointer("data", 0, FieldKind::packet, offsetof(PacketContext, data)),
    pointer("data_end", 4, FieldKind::packet_end, offsetof(PacketContext, data_end)),
    pointer("data_meta", 8, FieldKind::packet_meta, offsetof(PacketContext, data_meta)),
    numeric("ingress_ifindex", 12, Parts::none),
    numeric("rx_queue_index", 16, Parts::none),
};
// clang-format on

// struct __sk_buff, as sched_cls programs may use it (tc_cls_act_is_valid_access in
// net/core/filter.c)
// clang-format off
constexpr ContextField kSchedCls[] = {
    numeric("len", 0), numeric("pkt_type", 4), writable("mark", 8), writable("queue_mapping", 12), numeric("protocol", 16),
    numeric("vlan_present", 20), numeric("vlan_tci", 24), numeric("vlan_proto", 28), writable("priority", 32),
    numeric("ingress_ifindex", 36), numeric("ifindex", 40), writable("tc_index", 44), writable("cb", 48, Parts::of_reads_and_writes, 20),
    numeric("hash", 68), writable("tc_classid", 72), pointer("data", 76, FieldKind::packet, offsetof(PacketContext, data)),
    pointer("data_end", 80, FieldKind::packet_end, offsetof(PacketContext, data_end)), numeric("napi_id", 84),
    pointer("data_meta", 140, FieldKind::packet_meta, offsetof(PacketContext, data_meta)), writable("tstamp", 152, Parts::none, 8),
    numeric("wire_len", 160), numeric("gso_segs", 164), numeric("gso_size", 176), numeric("hwtstamp", 184, Parts::none, 8),
};
// clang-format on

// struct __sk_buff, as socket filters may use it (sk_filter_is_valid_access)
// clang-format off
constexpr ContextField kSocketFilter[] = {
    numeric("len", 0), numeric("pkt_type", 4), numeric("mark", 8), numeric("queue_mapping", 12), numeric("protocol", 16),
    numeric("vlan_present", 20), numeric("vlan_tci", 24), numeric("vlan_proto", 28), numeric("priority", 32),
    numeric("ingress_ifindex", 36), numeric("ifindex", 40), numeric("tc_index", 44), writable("cb", 48, Parts::of_reads_and_writes, 20),
    numeric("hash", 68), numeric("napi_id", 84), numeric("gso_segs", 164), numeric("gso_size", 176),
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

constexpr ProgramTypeRow named(std::string_view name, std::string_view since) {
  return {name, Input::none, "", 0, {}, {}, false, false, since};
}

constexpr EnumArray<ProgramType, ProgramTypeRow> kTypeRows({
    {ProgramType::socket_filter, {"socket_filter", Input::packet, "struct __sk_buff", 192, kSocketFilter, {}, false, true, "3.19"}},
    {ProgramType::sched_cls, {"sched_cls", Input::packet, "struct __sk_buff", 192, kSchedCls, kTcVerdicts, true, true, "4.1"}},
    {ProgramType::xdp, {"xdp", Input::packet, "struct xdp_md", 24, kXdpContext, kXdpVerdicts, true, false, "4.8"}},
    {ProgramType::kprobe, named("kprobe", "4.1")},
    {ProgramType::sched_act, named("sched_act", "4.1")},
    {ProgramType::tracepoint, named("tracepoint", "4.7")},
    {ProgramType::perf_event, named("perf_event", "4.9")},
    {ProgramType::cgroup_skb, named("cgroup_skb", "4.10")},
    {ProgramType::cgroup_sock, named("cgroup_sock", "4.10")},
    {ProgramType::lwt_in, named("lwt_in", "4.10")},
    {ProgramType::lwt_out, named("lwt_out", "4.10")},
    {ProgramType::lwt_xmit, named("lwt_xmit", "4.10")},
    {ProgramType::sock_ops, named("sock_ops", "4.13")},
    {ProgramType::sk_skb, named("sk_skb", "4.14")},
    {ProgramType::cgroup_device, named("cgroup_device", "4.15")},
    {ProgramType::sk_msg, named("sk_msg", "4.17")},
    {ProgramType::raw_tracepoint, named("raw_tracepoint", "4.17")},
    {ProgramType::cgroup_sock_addr, named("cgroup_sock_addr", "4.17")},
    {ProgramType::lwt_seg6local, named("lwt_seg6local", "4.18")},
    {ProgramType::lirc_mode2, named("lirc_mode2", "4.18")},
    {ProgramType::sk_reuseport, named("sk_reuseport", "4.19")},
    {ProgramType::flow_dissector, named("flow_dissector", "4.20")},
    {ProgramType::cgroup_sysctl, named("cgroup_sysctl", "5.2")},
    {ProgramType::raw_tracepoint_writable, named("raw_tracepoint_writable", "5.2")},
    {ProgramType::cgroup_sockopt, named("cgroup_sockopt", "5.3")},
    {ProgramType::tracing, named("tracing", "5.5")},
    {ProgramType::struct_ops, named("struct_ops", "5.6")},
    {ProgramType::ext, named("ext", "5.6")},
    {ProgramType::lsm, named("lsm", "5.7")},
    {ProgramType::sk_lookup, named("sk_lookup", "5.9")},
    {ProgramType::syscall, {"syscall", Input::context, "the context", 0xffff, {}, {}, false, false, "5.14"}},
    {ProgramType::netfilter, named("netfilter", "6.4")},
    {ProgramType::unspecified, named("unspec", "")},
});
// clang-format on

}  // namespace

const ProgramTypeRow& row(ProgramType type) { return kTypeRows[type]; }

}  // namespace skep::platform
