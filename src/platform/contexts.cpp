#include "platform/contexts.hpp"

#include <array>
#include <cstddef>

#include "platform/field_rows.hpp"
#include "platform/machine.hpp"

namespace skep::platform {
namespace {

// ---- struct xdp_md
// --------------------------------------------------------------------------------------------------

// clang-format off
constexpr auto kXdpFields = std::to_array<ContextField>({
    packet_pointer("data", 0, FieldKind::packet, offsetof(PacketContext, data)),
    packet_pointer("data_end", 4, FieldKind::packet_end, offsetof(PacketContext, data_end)),
    packet_pointer("data_meta", 8, FieldKind::packet_meta, offsetof(PacketContext, data_meta)),
    provided(whole("ingress_ifindex", 12)),
    provided(whole("rx_queue_index", 16)),
    attached(whole("egress_ifindex", 20), set_of(AttachType::xdp_devmap)),
});

// ---- struct __sk_buff
// ----------------------------------------------------------------------------------------------------

constexpr auto kSkbDataFields = std::to_array<ContextField>({
    packet_pointer("data", 76, FieldKind::packet, offsetof(PacketContext, data)),
    packet_pointer("data_end", 80, FieldKind::packet_end, offsetof(PacketContext, data_end)),
});
constexpr auto kSkbSocketFields = std::to_array<ContextField>({pointer("sk", 168, FieldKind::socket_common_or_null)});
// What all of its users may read.
constexpr auto kSkbNumbersFields = std::to_array<ContextField>({
    provided(readable("len", 0)), provided(readable("pkt_type", 4)), provided(readable("queue_mapping", 12)), provided(readable("protocol", 16)),
    provided(readable("vlan_present", 20)), provided(readable("vlan_tci", 24)), provided(readable("vlan_proto", 28)),
    provided(readable("ingress_ifindex", 36)), provided(readable("ifindex", 40)), provided(readable("hash", 68)), provided(readable("napi_id", 84)),
    provided(readable("gso_segs", 164)), provided(readable("gso_size", 176)),
});
constexpr auto kSkbControlBlockFields = std::to_array<ContextField>({provided(writable(readable("cb", 48, 20, Parts::of_reads_and_writes)))});
constexpr auto kSkbAddressesFields = std::to_array<ContextField>({
    readable("family", 88), whole("remote_ip4", 92), whole("local_ip4", 96),
    whole("remote_ip6", 100), whole("remote_ip6", 104), whole("remote_ip6", 108), whole("remote_ip6", 112),
    whole("local_ip6", 116), whole("local_ip6", 120), whole("local_ip6", 124), whole("local_ip6", 128),
    readable("remote_port", 132), readable("local_port", 136),
});
constexpr auto kSkbTimesFields = std::to_array<ContextField>({
    provided(writable(whole("tstamp", 152, 8))), provided(whole("hwtstamp", 184, 8)),
});

constexpr auto kSocketFilterFields = joined(kSkbNumbersFields, kSkbControlBlockFields, kSkbSocketFields, std::to_array<ContextField>({
    provided(readable("mark", 8)), provided(readable("priority", 32)), provided(readable("tc_index", 44)),
}));
constexpr auto kTrafficControlFields = joined(kSkbNumbersFields, kSkbControlBlockFields, kSkbSocketFields, kSkbDataFields, kSkbTimesFields, std::to_array<ContextField>({
    provided(writable(readable("mark", 8))), provided(writable(readable("queue_mapping", 12))), provided(writable(readable("priority", 32))),
    provided(writable(readable("tc_index", 44))), provided(writable(readable("tc_classid", 72))),
    packet_pointer("data_meta", 140, FieldKind::packet_meta, offsetof(PacketContext, data_meta)),
    provided(readable("wire_len", 160)), whole("tstamp_type", 180, 1),
}));
constexpr auto kCgroupSkbFields = joined(kSkbNumbersFields, kSkbControlBlockFields, kSkbSocketFields, kSkbAddressesFields, std::to_array<ContextField>({
    // Who has no CAP_BPF may load such programs, and not look into packets (cg_skb_is_valid_access in net/core/filter.c).
    needing(kSkbDataFields[0], Privilege::bpf), needing(kSkbDataFields[1], Privilege::bpf),
    provided(whole("tstamp", 152, 8)), needing(kSkbTimesFields[0], Privilege::bpf), kSkbTimesFields[1],
    writable(readable("mark", 8)), writable(readable("priority", 32)), readable("tc_index", 44),
}));
constexpr auto kLightweightTunnelFields = joined(kSkbNumbersFields, kSkbControlBlockFields, kSkbSocketFields, kSkbDataFields, std::to_array<ContextField>({
    writable(readable("mark", 8)), writable(readable("priority", 32)), readable("tc_index", 44),
}));
constexpr auto kSkSkbFields = joined(kSkbNumbersFields, kSkbSocketFields, kSkbDataFields, kSkbAddressesFields, std::to_array<ContextField>({
    readable("cb", 48, 20), whole("cb", 48, 8), whole("cb", 56, 8), writable(readable("priority", 32)), writable(readable("tc_index", 44)),
}));
constexpr auto kFlowDissectorFields = joined(kSkbDataFields, std::to_array<ContextField>({pointer("flow_keys", 144, FieldKind::flow_keys)}));

// ---- sockets
// ----------------------------------------------------------------------------------------------------

constexpr AttachTypes kSocketMade = set_of(AttachType::cgroup_inet_sock_create, AttachType::cgroup_inet_sock_release);
constexpr AttachTypes kBound4 = set_of(AttachType::cgroup_inet4_post_bind);
constexpr AttachTypes kBound6 = set_of(AttachType::cgroup_inet6_post_bind);

// struct bpf_sock
constexpr auto kCgroupSockFields = joined(kSocketShared, std::to_array<ContextField>({
    attached(writable(whole("bound_dev_if", 0)), kSocketMade), readable("type", 8, 4, Parts::at_start), readable("protocol", 12, 4, Parts::at_start),
    attached(writable(whole("mark", 16)), kSocketMade), attached(writable(whole("priority", 20)), kSocketMade),
    attached(readable("src_ip4", 24), kBound4), attached(readable("src_ip6", 28), kBound6), attached(readable("src_ip6", 32), kBound6),
    attached(readable("src_ip6", 36), kBound6), attached(readable("src_ip6", 40), kBound6),
    attached(readable("src_port", 44, 4, Parts::at_start), kBound4 | kBound6),
}));

constexpr AttachTypes kAddresses4 =
    set_of(AttachType::cgroup_inet4_bind, AttachType::cgroup_inet4_connect, AttachType::cgroup_udp4_sendmsg, AttachType::cgroup_udp4_recvmsg,
           AttachType::cgroup_inet4_getpeername, AttachType::cgroup_inet4_getsockname);
constexpr AttachTypes kAddresses6 =
    set_of(AttachType::cgroup_inet6_bind, AttachType::cgroup_inet6_connect, AttachType::cgroup_udp6_sendmsg, AttachType::cgroup_udp6_recvmsg,
           AttachType::cgroup_inet6_getpeername, AttachType::cgroup_inet6_getsockname);
constexpr AttachTypes kSent4 = set_of(AttachType::cgroup_udp4_sendmsg);
constexpr AttachTypes kSent6 = set_of(AttachType::cgroup_udp6_sendmsg);

// struct bpf_sock_addr; eight bytes of an address may be accessed at once where they are aligned (bpf_ctx_wide_access_ok).
constexpr auto kSockAddrFields = std::to_array<ContextField>({
    whole("user_family", 0), attached(writable(readable("user_ip4", 4)), kAddresses4),
    attached(writable(readable("user_ip6", 8)), kAddresses6), attached(writable(readable("user_ip6", 12)), kAddresses6),
    attached(writable(readable("user_ip6", 16)), kAddresses6), attached(writable(readable("user_ip6", 20)), kAddresses6),
    attached(writable(whole("user_ip6", 8, 8)), kAddresses6), attached(writable(whole("user_ip6", 16, 8)), kAddresses6),
    writable(readable("user_port", 24)), whole("family", 28), whole("type", 32), whole("protocol", 36),
    attached(writable(readable("msg_src_ip4", 40)), kSent4),
    attached(writable(readable("msg_src_ip6", 44)), kSent6), attached(writable(readable("msg_src_ip6", 48)), kSent6),
    attached(writable(readable("msg_src_ip6", 52)), kSent6), attached(writable(readable("msg_src_ip6", 56)), kSent6),
    attached(writable(whole("msg_src_ip6", 48, 8)), kSent6), pointer("sk", 64, FieldKind::socket),
});

// struct bpf_sock_ops
constexpr auto kSockOpsFields = std::to_array<ContextField>({
    whole("op", 0), writable(whole("reply", 4)), whole("args", 8), whole("args", 12), whole("args", 16), whole("family", 20),
    whole("remote_ip4", 24), whole("local_ip4", 28), whole("remote_ip6", 32), whole("remote_ip6", 36), whole("remote_ip6", 40), whole("remote_ip6", 44),
    whole("local_ip6", 48), whole("local_ip6", 52), whole("local_ip6", 56), whole("local_ip6", 60), whole("remote_port", 64), whole("local_port", 68),
    whole("is_fullsock", 72), whole("snd_cwnd", 76), whole("srtt_us", 80), whole("bpf_sock_ops_cb_flags", 84), whole("state", 88), whole("rtt_min", 92),
    whole("snd_ssthresh", 96), whole("rcv_nxt", 100), whole("snd_nxt", 104), whole("snd_una", 108), whole("mss_cache", 112), whole("ecn_flags", 116),
    whole("rate_delivered", 120), whole("rate_interval_us", 124), whole("packets_out", 128), whole("retrans_out", 132), whole("total_retrans", 136),
    whole("segs_in", 140), whole("data_segs_in", 144), whole("segs_out", 148), whole("data_segs_out", 152), whole("lost_out", 156), whole("sacked_out", 160),
    writable(whole("sk_txhash", 164)), whole("bytes_received", 168, 8), whole("bytes_acked", 176, 8), pointer("sk", 184, FieldKind::socket_or_null),
    pointer("skb_data", 192, FieldKind::packet), pointer("skb_data_end", 200, FieldKind::packet_end), whole("skb_len", 208),
    readable("skb_tcp_flags", 212, 4, Parts::at_start), whole("skb_hwtstamp", 216, 8),
});

// struct sk_msg_md
constexpr auto kSkMsgFields = std::to_array<ContextField>({
    pointer("data", 0, FieldKind::packet), pointer("data_end", 8, FieldKind::packet_end), whole("family", 16), whole("remote_ip4", 20), whole("local_ip4", 24),
    whole("remote_ip6", 28), whole("remote_ip6", 32), whole("remote_ip6", 36), whole("remote_ip6", 40),
    whole("local_ip6", 44), whole("local_ip6", 48), whole("local_ip6", 52), whole("local_ip6", 56),
    whole("remote_port", 60), whole("local_port", 64), whole("size", 68), pointer("sk", 72, FieldKind::socket),
});

// struct sk_reuseport_md
constexpr auto kSkReuseportFields = std::to_array<ContextField>({
    pointer("data", 0, FieldKind::packet), pointer("data_end", 8, FieldKind::packet_end), readable("len", 16),
    whole("eth_protocol", 20), whole("eth_protocol", 20, 2), whole("eth_protocol", 22, 2), readable("ip_protocol", 24), readable("bind_inany", 28),
    whole("hash", 32), pointer("sk", 40, FieldKind::socket), pointer("migrating_sk", 48, FieldKind::socket_common_or_null),
});

// struct bpf_sk_lookup
constexpr auto kSkLookupFields = std::to_array<ContextField>({
    pointer("sk", 0, FieldKind::socket_or_null), readable("family", 8), readable("protocol", 12), readable("remote_ip4", 16),
    readable("remote_ip6", 20), readable("remote_ip6", 24), readable("remote_ip6", 28), readable("remote_ip6", 32), readable("remote_port", 36), readable("local_ip4", 40),
    readable("local_ip6", 44), readable("local_ip6", 48), readable("local_ip6", 52), readable("local_ip6", 56), readable("local_port", 60),
    readable("ingress_ifindex", 64),
});

constexpr AttachTypes kGetting = set_of(AttachType::cgroup_getsockopt);
constexpr AttachTypes kSetting = set_of(AttachType::cgroup_setsockopt);

// struct bpf_sockopt; the value of the option is accessed as a packet is.
constexpr auto kSockoptFields = std::to_array<ContextField>({
    pointer("sk", 0, FieldKind::socket), pointer("optval", 8, FieldKind::packet), pointer("optval_end", 16, FieldKind::packet_end),
    attached(whole("level", 24), kGetting), attached(whole("optname", 28), kGetting),
    attached(writable(whole("level", 24)), kSetting), attached(writable(whole("optname", 28)), kSetting),
    writable(whole("optlen", 32)), attached(writable(whole("retval", 36)), kGetting),
});

// ---- others
// ----------------------------------------------------------------------------------------------------

// struct bpf_sysctl, struct bpf_cgroup_dev_ctx
constexpr auto kSysctlFields = std::to_array<ContextField>({readable("write", 0), writable(readable("file_pos", 4))});
constexpr auto kDeviceFields = std::to_array<ContextField>({readable("access_type", 0), whole("major", 4), whole("minor", 8)});
// One word: what the receiver saw, and for how long.
constexpr auto kLircFields = std::to_array<ContextField>({whole("sample", 0)});
// struct bpf_nf_ctx
constexpr auto kNetfilterFields = std::to_array<ContextField>({kernel_pointer("state", 0, "nf_hook_state"), kernel_pointer("skb", 8, "sk_buff")});

constexpr u16 kRegisterBytes = 168;   // struct pt_regs of x86-64
constexpr u16 kTraceBytes = 8192;     // PERF_MAX_TRACE_SIZE
constexpr u16 kArgumentBytes = 96;    // MAX_BPF_FUNC_ARGS of eight bytes

constexpr auto kKprobeFields = std::to_array<ContextField>({readable("regs", 0, kRegisterBytes)});
// struct bpf_perf_event_data
constexpr auto kPerfEventFields = joined(eight_byte_slots<kRegisterBytes / 8>("regs"), std::to_array<ContextField>({
    readable("sample_period", kRegisterBytes, 8), readable("addr", kRegisterBytes + 8, 8),
}));
// The first eight bytes of a tracepoint's record are the kernel's own.
constexpr auto kTracepointFields = std::to_array<ContextField>({readable("record", 8, kTraceBytes - 8)});
constexpr auto kRawTracepointFields = std::to_array<ContextField>({readable("args", 0, kArgumentBytes)});
constexpr auto kRawTracepointWritableFields = std::to_array<ContextField>({
    pointer("buffer", 0, FieldKind::buffer), readable("args", 1, kArgumentBytes - 1),
});
// Arguments of a kernel function: how many and which are pointers is in the kernel's types.
constexpr auto kArgumentsFields = eight_byte_slots<kArgumentBytes / 8>("args");
// clang-format on

}  // namespace

std::span<const ContextField> context_of(ProgramType type) {
  switch (type) {
    case ProgramType::socket_filter: return kSocketFilterFields;
    case ProgramType::sched_cls:
    case ProgramType::sched_act: return kTrafficControlFields;
    case ProgramType::xdp: return kXdpFields;
    case ProgramType::cgroup_skb: return kCgroupSkbFields;
    case ProgramType::lwt_in:
    case ProgramType::lwt_out:
    case ProgramType::lwt_xmit:
    case ProgramType::lwt_seg6local: return kLightweightTunnelFields;
    case ProgramType::sk_skb: return kSkSkbFields;
    case ProgramType::flow_dissector: return kFlowDissectorFields;
    case ProgramType::cgroup_sock: return kCgroupSockFields;
    case ProgramType::cgroup_sock_addr: return kSockAddrFields;
    case ProgramType::sock_ops: return kSockOpsFields;
    case ProgramType::sk_msg: return kSkMsgFields;
    case ProgramType::sk_reuseport: return kSkReuseportFields;
    case ProgramType::sk_lookup: return kSkLookupFields;
    case ProgramType::cgroup_sockopt: return kSockoptFields;
    case ProgramType::cgroup_sysctl: return kSysctlFields;
    case ProgramType::cgroup_device: return kDeviceFields;
    case ProgramType::lirc_mode2: return kLircFields;
    case ProgramType::netfilter: return kNetfilterFields;
    case ProgramType::kprobe: return kKprobeFields;
    case ProgramType::perf_event: return kPerfEventFields;
    case ProgramType::tracepoint: return kTracepointFields;
    case ProgramType::raw_tracepoint: return kRawTracepointFields;
    case ProgramType::raw_tracepoint_writable: return kRawTracepointWritableFields;
    case ProgramType::tracing:
    case ProgramType::lsm:
    case ProgramType::struct_ops: return kArgumentsFields;
    case ProgramType::syscall:
    case ProgramType::ext:
    case ProgramType::unspecified:
    case ProgramType::count_: return {};
  }
  return {};
}

}  // namespace skep::platform
