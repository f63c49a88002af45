#include "platform/objects.hpp"

#include "platform/field_rows.hpp"

namespace skep::platform {
namespace {

// clang-format off
constexpr auto kSocketCommonFields = joined(kSocketShared, std::to_array<ContextField>({
    whole("bound_dev_if", 0), readable("src_ip4", 24), readable("src_ip6", 28), readable("src_ip6", 32), readable("src_ip6", 36), readable("src_ip6", 40),
    readable("src_port", 44, 4, Parts::at_start),
}));
constexpr auto kSocketFields = joined(kSocketCommonFields, std::to_array<ContextField>({
    readable("type", 8, 4, Parts::at_start), readable("protocol", 12, 4, Parts::at_start), whole("mark", 16), whole("priority", 20),
}));
constexpr auto kTcpSocketFields = std::to_array<ContextField>({
    whole("snd_cwnd", 0), whole("srtt_us", 4), whole("rtt_min", 8), whole("snd_ssthresh", 12), whole("rcv_nxt", 16), whole("snd_nxt", 20),
    whole("snd_una", 24), whole("mss_cache", 28), whole("ecn_flags", 32), whole("rate_delivered", 36), whole("rate_interval_us", 40),
    whole("packets_out", 44), whole("retrans_out", 48), whole("total_retrans", 52), whole("segs_in", 56), whole("data_segs_in", 60),
    whole("segs_out", 64), whole("data_segs_out", 68), whole("lost_out", 72), whole("sacked_out", 76), whole("bytes_received", 80, 8),
    whole("bytes_acked", 88, 8), whole("dsack_dups", 96), whole("delivered", 100), whole("delivered_ce", 104), whole("icsk_retransmits", 108),
});
constexpr auto kXdpSocketFields = std::to_array<ContextField>({whole("queue_id", 0)});
// They are plain memory of the program's run.
constexpr auto kFlowKeysFields = std::to_array<ContextField>({writable(readable("flow_keys", 0, 56, Parts::anywhere))});

constexpr EnumArray<ObjectKind, ObjectRow> kObjects({
    {ObjectKind::socket_common, {"struct bpf_sock", 80, kSocketCommonFields}},
    {ObjectKind::socket, {"struct bpf_sock", 80, kSocketFields}},
    {ObjectKind::tcp_socket, {"struct bpf_tcp_sock", 112, kTcpSocketFields}},
    {ObjectKind::xdp_socket, {"struct bpf_xdp_sock", 4, kXdpSocketFields}},
    {ObjectKind::flow_keys, {"struct bpf_flow_keys", 56, kFlowKeysFields}},
});
// clang-format on

}  // namespace

const ObjectRow& row(ObjectKind kind) { return kObjects[kind]; }

}  // namespace skep::platform
