// Flags as in libbpf's section table. Targets are read by cutting at fixed characters: every form
// has at most three parts.
#include "platform/section_names.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "base/text.hpp"

namespace skep::platform {
namespace {

// The first match counts.
// clang-format off
constexpr auto kSections = std::to_array<SectionName>({
    {"socket", ProgramType::socket_filter, {}, 0, TargetKind::none},
    {"sk_reuseport/migrate", ProgramType::sk_reuseport, AttachType::sk_reuseport_select_or_migrate, kAttachable, TargetKind::none},
    {"sk_reuseport", ProgramType::sk_reuseport, AttachType::sk_reuseport_select, kAttachable, TargetKind::none},
    {"kprobe+", ProgramType::kprobe, {}, 0, TargetKind::kernel_function},
    {"uprobe+", ProgramType::kprobe, {}, 0, TargetKind::user_function},
    {"uprobe.s+", ProgramType::kprobe, {}, kSleepable, TargetKind::user_function},
    {"kretprobe+", ProgramType::kprobe, {}, 0, TargetKind::kernel_function},
    {"uretprobe+", ProgramType::kprobe, {}, 0, TargetKind::user_function},
    {"uretprobe.s+", ProgramType::kprobe, {}, kSleepable, TargetKind::user_function},
    {"kprobe.multi+", ProgramType::kprobe, AttachType::trace_kprobe_multi, 0, TargetKind::kernel_pattern},
    {"kretprobe.multi+", ProgramType::kprobe, AttachType::trace_kprobe_multi, 0, TargetKind::kernel_pattern},
    {"kprobe.session+", ProgramType::kprobe, AttachType::trace_kprobe_session, 0, TargetKind::kernel_pattern},
    {"uprobe.multi+", ProgramType::kprobe, AttachType::trace_uprobe_multi, 0, TargetKind::user_pattern},
    {"uretprobe.multi+", ProgramType::kprobe, AttachType::trace_uprobe_multi, 0, TargetKind::user_pattern},
    {"uprobe.session+", ProgramType::kprobe, AttachType::trace_uprobe_session, 0, TargetKind::user_pattern},
    {"uprobe.multi.s+", ProgramType::kprobe, AttachType::trace_uprobe_multi, kSleepable, TargetKind::user_pattern},
    {"uretprobe.multi.s+", ProgramType::kprobe, AttachType::trace_uprobe_multi, kSleepable, TargetKind::user_pattern},
    {"uprobe.session.s+", ProgramType::kprobe, AttachType::trace_uprobe_session, kSleepable, TargetKind::user_pattern},
    {"ksyscall+", ProgramType::kprobe, {}, 0, TargetKind::system_call},
    {"kretsyscall+", ProgramType::kprobe, {}, 0, TargetKind::system_call},
    {"usdt+", ProgramType::kprobe, {}, 0, TargetKind::usdt},
    {"usdt.s+", ProgramType::kprobe, {}, kSleepable, TargetKind::usdt},
    {"tc/ingress", ProgramType::sched_cls, AttachType::tcx_ingress, 0, TargetKind::none},
    {"tc/egress", ProgramType::sched_cls, AttachType::tcx_egress, 0, TargetKind::none},
    {"tcx/ingress", ProgramType::sched_cls, AttachType::tcx_ingress, 0, TargetKind::none},
    {"tcx/egress", ProgramType::sched_cls, AttachType::tcx_egress, 0, TargetKind::none},
    {"tc", ProgramType::sched_cls, {}, 0, TargetKind::none},
    {"classifier", ProgramType::sched_cls, {}, 0, TargetKind::none},
    {"action", ProgramType::sched_act, {}, 0, TargetKind::none},
    {"netkit/primary", ProgramType::sched_cls, AttachType::netkit_primary, 0, TargetKind::none},
    {"netkit/peer", ProgramType::sched_cls, AttachType::netkit_peer, 0, TargetKind::none},
    {"tracepoint+", ProgramType::tracepoint, {}, 0, TargetKind::tracepoint},
    {"tp+", ProgramType::tracepoint, {}, 0, TargetKind::tracepoint},
    {"tracepoint.s+", ProgramType::tracepoint, {}, kSleepable, TargetKind::tracepoint},
    {"tp.s+", ProgramType::tracepoint, {}, kSleepable, TargetKind::tracepoint},
    {"raw_tracepoint+", ProgramType::raw_tracepoint, {}, 0, TargetKind::raw_tracepoint},
    {"raw_tp+", ProgramType::raw_tracepoint, {}, 0, TargetKind::raw_tracepoint},
    {"raw_tracepoint.s+", ProgramType::raw_tracepoint, {}, kSleepable, TargetKind::raw_tracepoint},
    {"raw_tp.s+", ProgramType::raw_tracepoint, {}, kSleepable, TargetKind::raw_tracepoint},
    {"raw_tracepoint.w+", ProgramType::raw_tracepoint_writable, {}, 0, TargetKind::raw_tracepoint},
    {"raw_tp.w+", ProgramType::raw_tracepoint_writable, {}, 0, TargetKind::raw_tracepoint},
    {"tp_btf+", ProgramType::tracing, AttachType::trace_raw_tp, kTargetInBtf, TargetKind::raw_tracepoint},
    {"tp_btf.s+", ProgramType::tracing, AttachType::trace_raw_tp, kTargetInBtf | kSleepable, TargetKind::raw_tracepoint},
    {"fentry+", ProgramType::tracing, AttachType::trace_fentry, kTargetInBtf, TargetKind::kernel_function},
    {"fmod_ret+", ProgramType::tracing, AttachType::modify_return, kTargetInBtf, TargetKind::kernel_function},
    {"fexit+", ProgramType::tracing, AttachType::trace_fexit, kTargetInBtf, TargetKind::kernel_function},
    {"fentry.s+", ProgramType::tracing, AttachType::trace_fentry, kTargetInBtf | kSleepable, TargetKind::kernel_function},
    {"fmod_ret.s+", ProgramType::tracing, AttachType::modify_return, kTargetInBtf | kSleepable, TargetKind::kernel_function},
    {"fexit.s+", ProgramType::tracing, AttachType::trace_fexit, kTargetInBtf | kSleepable, TargetKind::kernel_function},
    {"fsession+", ProgramType::tracing, AttachType::trace_fsession, kTargetInBtf, TargetKind::kernel_function},
    {"fsession.s+", ProgramType::tracing, AttachType::trace_fsession, kTargetInBtf | kSleepable, TargetKind::kernel_function},
    {"fsession.multi+", ProgramType::tracing, AttachType::trace_fsession_multi, 0, TargetKind::kernel_pattern},
    {"fsession.multi.s+", ProgramType::tracing, AttachType::trace_fsession_multi, kSleepable, TargetKind::kernel_pattern},
    {"fentry.multi+", ProgramType::tracing, AttachType::trace_fentry_multi, 0, TargetKind::kernel_pattern},
    {"fexit.multi+", ProgramType::tracing, AttachType::trace_fexit_multi, 0, TargetKind::kernel_pattern},
    {"fentry.multi.s+", ProgramType::tracing, AttachType::trace_fentry_multi, kSleepable, TargetKind::kernel_pattern},
    {"fexit.multi.s+", ProgramType::tracing, AttachType::trace_fexit_multi, kSleepable, TargetKind::kernel_pattern},
    {"freplace+", ProgramType::ext, {}, kTargetInBtf, TargetKind::program},
    {"lsm+", ProgramType::lsm, AttachType::lsm_mac, kTargetInBtf, TargetKind::lsm_hook},
    {"lsm.s+", ProgramType::lsm, AttachType::lsm_mac, kTargetInBtf | kSleepable, TargetKind::lsm_hook},
    {"lsm_cgroup+", ProgramType::lsm, AttachType::lsm_cgroup, kTargetInBtf, TargetKind::lsm_hook},
    {"iter+", ProgramType::tracing, AttachType::trace_iter, kTargetInBtf, TargetKind::iterator},
    {"iter.s+", ProgramType::tracing, AttachType::trace_iter, kTargetInBtf | kSleepable, TargetKind::iterator},
    {"syscall", ProgramType::syscall, {}, kSleepable, TargetKind::none},
    {"xdp.frags/devmap", ProgramType::xdp, AttachType::xdp_devmap, kXdpFrags, TargetKind::none},
    {"xdp/devmap", ProgramType::xdp, AttachType::xdp_devmap, kAttachable, TargetKind::none},
    {"xdp.frags/cpumap", ProgramType::xdp, AttachType::xdp_cpumap, kXdpFrags, TargetKind::none},
    {"xdp/cpumap", ProgramType::xdp, AttachType::xdp_cpumap, kAttachable, TargetKind::none},
    {"xdp.frags", ProgramType::xdp, AttachType::xdp, kXdpFrags, TargetKind::none},
    {"xdp", ProgramType::xdp, AttachType::xdp, kAttachable | kAttachTypeOptional, TargetKind::none},
    {"perf_event", ProgramType::perf_event, {}, 0, TargetKind::none},
    {"lwt_in", ProgramType::lwt_in, {}, 0, TargetKind::none},
    {"lwt_out", ProgramType::lwt_out, {}, 0, TargetKind::none},
    {"lwt_xmit", ProgramType::lwt_xmit, {}, 0, TargetKind::none},
    {"lwt_seg6local", ProgramType::lwt_seg6local, {}, 0, TargetKind::none},
    {"sockops", ProgramType::sock_ops, AttachType::cgroup_sock_ops, kAttachable | kAttachTypeOptional, TargetKind::none},
    {"sk_skb/stream_parser", ProgramType::sk_skb, AttachType::sk_skb_stream_parser, kAttachable | kAttachTypeOptional, TargetKind::none},
    {"sk_skb/stream_verdict", ProgramType::sk_skb, AttachType::sk_skb_stream_verdict, kAttachable | kAttachTypeOptional, TargetKind::none},
    {"sk_skb/verdict", ProgramType::sk_skb, AttachType::sk_skb_verdict, kAttachable | kAttachTypeOptional, TargetKind::none},
    {"sk_skb", ProgramType::sk_skb, {}, 0, TargetKind::none},
    {"sk_msg", ProgramType::sk_msg, AttachType::sk_msg_verdict, kAttachable | kAttachTypeOptional, TargetKind::none},
    {"lirc_mode2", ProgramType::lirc_mode2, AttachType::lirc_mode2, kAttachable | kAttachTypeOptional, TargetKind::none},
    {"flow_dissector", ProgramType::flow_dissector, AttachType::flow_dissector, kAttachable | kAttachTypeOptional, TargetKind::none},
    {"cgroup_skb/ingress", ProgramType::cgroup_skb, AttachType::cgroup_inet_ingress, kAttachable | kAttachTypeOptional, TargetKind::none},
    {"cgroup_skb/egress", ProgramType::cgroup_skb, AttachType::cgroup_inet_egress, kAttachable | kAttachTypeOptional, TargetKind::none},
    {"cgroup/skb", ProgramType::cgroup_skb, {}, 0, TargetKind::none},
    {"cgroup/sock_create", ProgramType::cgroup_sock, AttachType::cgroup_inet_sock_create, kAttachable, TargetKind::none},
    {"cgroup/sock_release", ProgramType::cgroup_sock, AttachType::cgroup_inet_sock_release, kAttachable, TargetKind::none},
    {"cgroup/sock", ProgramType::cgroup_sock, AttachType::cgroup_inet_sock_create, kAttachable | kAttachTypeOptional, TargetKind::none},
    {"cgroup/post_bind4", ProgramType::cgroup_sock, AttachType::cgroup_inet4_post_bind, kAttachable, TargetKind::none},
    {"cgroup/post_bind6", ProgramType::cgroup_sock, AttachType::cgroup_inet6_post_bind, kAttachable, TargetKind::none},
    {"cgroup/bind4", ProgramType::cgroup_sock_addr, AttachType::cgroup_inet4_bind, kAttachable, TargetKind::none},
    {"cgroup/bind6", ProgramType::cgroup_sock_addr, AttachType::cgroup_inet6_bind, kAttachable, TargetKind::none},
    {"cgroup/connect4", ProgramType::cgroup_sock_addr, AttachType::cgroup_inet4_connect, kAttachable, TargetKind::none},
    {"cgroup/connect6", ProgramType::cgroup_sock_addr, AttachType::cgroup_inet6_connect, kAttachable, TargetKind::none},
    {"cgroup/connect_unix", ProgramType::cgroup_sock_addr, AttachType::cgroup_unix_connect, kAttachable, TargetKind::none},
    {"cgroup/sendmsg4", ProgramType::cgroup_sock_addr, AttachType::cgroup_udp4_sendmsg, kAttachable, TargetKind::none},
    {"cgroup/sendmsg6", ProgramType::cgroup_sock_addr, AttachType::cgroup_udp6_sendmsg, kAttachable, TargetKind::none},
    {"cgroup/sendmsg_unix", ProgramType::cgroup_sock_addr, AttachType::cgroup_unix_sendmsg, kAttachable, TargetKind::none},
    {"cgroup/recvmsg4", ProgramType::cgroup_sock_addr, AttachType::cgroup_udp4_recvmsg, kAttachable, TargetKind::none},
    {"cgroup/recvmsg6", ProgramType::cgroup_sock_addr, AttachType::cgroup_udp6_recvmsg, kAttachable, TargetKind::none},
    {"cgroup/recvmsg_unix", ProgramType::cgroup_sock_addr, AttachType::cgroup_unix_recvmsg, kAttachable, TargetKind::none},
    {"cgroup/getpeername4", ProgramType::cgroup_sock_addr, AttachType::cgroup_inet4_getpeername, kAttachable, TargetKind::none},
    {"cgroup/getpeername6", ProgramType::cgroup_sock_addr, AttachType::cgroup_inet6_getpeername, kAttachable, TargetKind::none},
    {"cgroup/getpeername_unix", ProgramType::cgroup_sock_addr, AttachType::cgroup_unix_getpeername, kAttachable, TargetKind::none},
    {"cgroup/getsockname4", ProgramType::cgroup_sock_addr, AttachType::cgroup_inet4_getsockname, kAttachable, TargetKind::none},
    {"cgroup/getsockname6", ProgramType::cgroup_sock_addr, AttachType::cgroup_inet6_getsockname, kAttachable, TargetKind::none},
    {"cgroup/getsockname_unix", ProgramType::cgroup_sock_addr, AttachType::cgroup_unix_getsockname, kAttachable, TargetKind::none},
    {"cgroup/sysctl", ProgramType::cgroup_sysctl, AttachType::cgroup_sysctl, kAttachable, TargetKind::none},
    {"cgroup/getsockopt", ProgramType::cgroup_sockopt, AttachType::cgroup_getsockopt, kAttachable, TargetKind::none},
    {"cgroup/setsockopt", ProgramType::cgroup_sockopt, AttachType::cgroup_setsockopt, kAttachable, TargetKind::none},
    {"cgroup/dev", ProgramType::cgroup_device, AttachType::cgroup_device, kAttachable | kAttachTypeOptional, TargetKind::none},
    {"struct_ops+", ProgramType::struct_ops, {}, 0, TargetKind::operation},
    {"struct_ops.s+", ProgramType::struct_ops, {}, kSleepable, TargetKind::operation},
    {"sk_lookup", ProgramType::sk_lookup, AttachType::sk_lookup, kAttachable, TargetKind::none},
    {"netfilter", ProgramType::netfilter, AttachType::netfilter, 0, TargetKind::none},
});
// clang-format on
static_assert(kSections.size() == 116);

// How the text behind a name reads: that many parts, the last of which is the name.
struct Form {
  std::string_view name;     // for people
  std::string_view written;  // for advice
  u32 parts = 1;
  char separator = ':';
  bool takes_offset = false;
};

// clang-format off
constexpr EnumArray<TargetKind, Form> kForms({
    {TargetKind::none, {"none", ""}},
    {TargetKind::kernel_function, {"kernel function", "FUNCTION", 1, ':', true}},
    {TargetKind::kernel_pattern, {"kernel functions", "PATTERN"}},
    {TargetKind::user_function, {"user function", "PATH:FUNCTION", 2, ':', true}},
    {TargetKind::user_pattern, {"user functions", "PATH:PATTERN", 2}},
    {TargetKind::system_call, {"system call", "NAME"}},
    {TargetKind::usdt, {"usdt probe", "PATH:PROVIDER:NAME", 3}},
    {TargetKind::tracepoint, {"tracepoint", "CATEGORY/NAME", 2, '/'}},
    {TargetKind::raw_tracepoint, {"raw tracepoint", "NAME"}},
    {TargetKind::lsm_hook, {"LSM hook", "HOOK"}},
    {TargetKind::iterator, {"iterator", "NAME"}},
    {TargetKind::program, {"program", "FUNCTION"}},
    {TargetKind::operation, {"operation", "NAME"}},
});
// clang-format on

std::string_view stem(std::string_view name) {
  if (name.ends_with('+')) name.remove_suffix(1);
  return name;
}

bool matches(std::string_view section, std::string_view name) {
  if (!name.ends_with('+')) return section == name;
  name = stem(name);
  return section.starts_with(name) &&
         (section.size() == name.size() || section[name.size()] == '/');
}

std::string_view without_mark(std::string_view section) {
  if (section.starts_with('?')) section.remove_prefix(1);  // libbpf: do not load by default
  return section;
}

// Takes what stands before the first `mark` off `rest`, with the mark; all of it without one.
std::string_view cut(std::string_view& rest, char mark) {
  const std::size_t at = rest.find(mark);
  const std::string_view head = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view() : rest.substr(at + 1);
  return head;
}

// "+0x12" behind a function; a '+' that no number follows belongs to the name.
std::string_view take_offset(std::string_view name, u64& offset) {
  const std::size_t plus = name.rfind('+');
  if (plus == std::string_view::npos) return name;
  const auto number = parse_unsigned(name.substr(plus + 1));
  if (!number) return name;
  offset = *number;
  return name.substr(0, plus);
}

}  // namespace

std::string_view name_of(TargetKind kind) { return kForms[kind].name; }

std::span<const SectionName> section_names() { return kSections; }

const SectionName* find_section(std::string_view section) {
  section = without_mark(section);
  for (const SectionName& name : kSections) {
    if (matches(section, name.name)) return &name;
  }
  return nullptr;
}

Result<Target> parse_target(const SectionName& row, std::string_view section) {
  section = without_mark(section);
  std::string_view rest = section.substr(std::min(section.size(), stem(row.name).size() + 1));
  if (rest.empty() || row.target == TargetKind::none) return Target{};
  Target out{.kind = row.target, .text = std::string(rest)};
  const Form& form = kForms[row.target];
  const bool has_module = row.target == TargetKind::kernel_function && rest.contains(':');
  if (form.parts > 1 || has_module) out.place = cut(rest, form.separator);
  if (form.parts > 2) out.provider = cut(rest, form.separator);
  if (form.takes_offset) rest = take_offset(rest, out.offset);
  out.name = rest;
  if (!rest.empty()) return out;
  return Error(Fault::malformed, format("section {}: {} is not a {}", section, out.text, form.name),
               format("it is written {}/{}", stem(row.name), form.written));
}

std::string section_advice(std::string_view section) {
  section = without_mark(section);
  std::vector<std::string_view> known;
  for (const SectionName& each : kSections) known.push_back(stem(each.name));
  std::string out = did_you_mean(section, known);
  if (!out.empty()) return out;
  const auto longest = [](std::string_view left, std::string_view right) {
    return left.size() < right.size();
  };
  std::erase_if(known, [&](std::string_view name) { return !section.starts_with(name); });
  const auto prefix = std::ranges::max_element(known, longest);
  if (prefix != known.end()) return format("did you mean {}?", *prefix);
  return "sections are named after program types: xdp, tc, socket, kprobe/FUNCTION and others";
}

}  // namespace skep::platform
