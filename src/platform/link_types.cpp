#include "platform/link_types.hpp"

namespace skep::platform {
namespace {

// Names as in libbpf's link_type_name.
constexpr EnumArray<LinkType, LinkTypeRow> kLinkTypes({
    {LinkType::unspecified, {"unspec", ""}},
    {LinkType::raw_tracepoint, {"raw_tracepoint", "5.7"}},
    {LinkType::tracing, {"tracing", "5.7"}},
    {LinkType::cgroup, {"cgroup", "5.7"}},
    {LinkType::iterator, {"iter", "5.8"}},
    {LinkType::network_namespace, {"netns", "5.8"}},
    {LinkType::xdp, {"xdp", "5.9"}},
    {LinkType::perf_event, {"perf_event", "5.15"}},
    {LinkType::kprobe_multi, {"kprobe_multi", "5.18"}},
    {LinkType::struct_ops, {"struct_ops", "6.4"}},
    {LinkType::netfilter, {"netfilter", "6.4"}},
    {LinkType::tcx, {"tcx", "6.6"}},
    {LinkType::uprobe_multi, {"uprobe_multi", "6.6"}},
    {LinkType::netkit, {"netkit", "6.7"}},
    {LinkType::sockmap, {"sockmap", "6.10"}},
    {LinkType::tracing_multi, {"tracing_multi", ""}},  // newer than 6.18
});

constexpr EnumArray<PerfLinkType, std::string_view> kPerfNames({
    {PerfLinkType::unspecified, ""},
    {PerfLinkType::uprobe, "uprobe"},
    {PerfLinkType::uretprobe, "uretprobe"},
    {PerfLinkType::kprobe, "kprobe"},
    {PerfLinkType::kretprobe, "kretprobe"},
    {PerfLinkType::tracepoint, "tracepoint"},
    {PerfLinkType::event, "event"},
});

}  // namespace

const LinkTypeRow& row(LinkType type) { return kLinkTypes[type]; }

LinkType link_type(u32 kernel_number) {
  return kernel_number < kCount<LinkType> ? static_cast<LinkType>(kernel_number) : LinkType::count_;
}

std::string_view name_of(PerfLinkType type) { return kPerfNames[type]; }

}  // namespace skep::platform
