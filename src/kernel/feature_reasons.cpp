#include "kernel/feature_reasons.hpp"

#include <sys/utsname.h>

#include <algorithm>
#include <cerrno>

#include "base/text.hpp"

namespace skep::kernel {
namespace {

struct OptionRow {
  Section section;
  std::string_view prefix;  // of the names that need it
  std::string_view option;
};
// From the Kconfig files and #ifdefs of kernel/bpf and net (include/linux/bpf_types.h).
constexpr OptionRow kOptions[] = {
    {Section::program_types, "lirc_mode2", "CONFIG_BPF_LIRC_MODE2"},
    {Section::program_types, "lsm", "CONFIG_BPF_LSM"},
    {Section::program_types, "cgroup_", "CONFIG_CGROUP_BPF"},
    {Section::program_types, "lwt_", "CONFIG_LWTUNNEL_BPF"},
    {Section::program_types, "kprobe", "CONFIG_BPF_EVENTS"},
    {Section::program_types, "tracepoint", "CONFIG_BPF_EVENTS"},
    {Section::program_types, "raw_tracepoint", "CONFIG_BPF_EVENTS"},
    {Section::program_types, "perf_event", "CONFIG_BPF_EVENTS"},
    {Section::program_types, "tracing", "CONFIG_DEBUG_INFO_BTF"},
    {Section::program_types, "struct_ops", "CONFIG_DEBUG_INFO_BTF"},
    {Section::program_types, "ext", "CONFIG_DEBUG_INFO_BTF"},
    {Section::program_types, "netfilter", "CONFIG_NETFILTER_BPF_LINK"},
    {Section::map_types, "stack_trace", "CONFIG_PERF_EVENTS"},
    {Section::map_types, "perf_event_array", "CONFIG_PERF_EVENTS"},
    {Section::map_types, "cgroup_", "CONFIG_CGROUP_BPF"},
    {Section::map_types, "percpu_cgroup_storage", "CONFIG_CGROUP_BPF"},
    {Section::map_types, "cgrp_storage", "CONFIG_CGROUPS"},
    {Section::map_types, "inode_storage", "CONFIG_BPF_LSM"},
    {Section::map_types, "xskmap", "CONFIG_XDP_SOCKETS"},
    {Section::map_types, "struct_ops", "CONFIG_DEBUG_INFO_BTF"},
    {Section::attach_types, "lirc_mode2", "CONFIG_BPF_LIRC_MODE2"},
    {Section::attach_types, "netkit_", "CONFIG_NETKIT"},
    {Section::attach_types, "trace_kprobe_", "CONFIG_FPROBE"},
    {Section::attach_types, "trace_uprobe_", "CONFIG_UPROBES"},
    {Section::attach_types, "lsm_", "CONFIG_BPF_LSM"},
    {Section::attach_types, "netfilter", "CONFIG_NETFILTER_BPF_LINK"},
    {Section::attach_types, "tcx_", "CONFIG_NET_XGRESS"},
    {Section::attach_types, "cgroup_", "CONFIG_CGROUP_BPF"},
    {Section::link_types, "netkit", "CONFIG_NETKIT"},
    {Section::link_types, "kprobe_multi", "CONFIG_FPROBE"},
    {Section::link_types, "uprobe_multi", "CONFIG_UPROBES"},
    {Section::link_types, "netfilter", "CONFIG_NETFILTER_BPF_LINK"},
    {Section::link_types, "tcx", "CONFIG_NET_XGRESS"},
    {Section::link_types, "cgroup", "CONFIG_CGROUP_BPF"},
};

std::pair<u32, u32> version_of(std::string_view release) {
  u32 parts[2] = {0, 0};
  std::size_t at = 0;
  for (u32& part : parts) {
    for (; at < release.size() && release[at] >= '0' && release[at] <= '9'; ++at) {
      part = std::min<u32>(part * 10 + static_cast<u32>(release[at] - '0'), 1'000'000);
    }
    if (at < release.size() && release[at] == '.') ++at;
  }
  return {parts[0], parts[1]};
}

void set(Feature& feature, There there, std::string reason, std::string hint) {
  feature.there = there;
  feature.reason = std::move(reason);
  feature.hint = std::move(hint);
}

// Refused for want of a right: nobody knows whether it would be there.
void judge_denied(Feature& feature, Capabilities needs) {
  const std::string names = missing(needs);
  const Error error = refused("try it", EPERM, needs);
  if (!names.empty()) return set(feature, There::unknown, format("{} missing", names), error.hint);
  set(feature, There::no, "the kernel refuses it, whatever the capabilities", error.hint);
}

}  // namespace

std::string_view option_for(Section section, std::string_view name) {
  const auto* const found = std::ranges::find_if(kOptions, [&](const OptionRow& row) {
    return row.section == section && name.starts_with(row.prefix);
  });
  return found == std::end(kOptions) ? std::string_view() : found->option;
}

std::string kernel_release() {
  utsname names{};
  return ::uname(&names) == 0 ? std::string(names.release) : std::string();
}

bool is_before(std::string_view release, std::string_view since) {
  return !release.empty() && !since.empty() && version_of(release) < version_of(since);
}

void judge(Feature& feature, int refusal, Capabilities needs) {
  if (refusal == 0) return set(feature, There::yes, "", "");
  if (refusal == EPERM || refusal == EACCES) return judge_denied(feature, needs);
  const std::string release = kernel_release();
  if (is_before(release, feature.since)) {
    return set(feature, There::no, format("this kernel is {}", release),
               format("Linux {} and later have it", feature.since));
  }
  if (feature.since.empty()) {
    return set(feature, There::no, format("this kernel, {}, does not know it", release),
               "it is newer than the releases that skep knows; a newer kernel may have it");
  }
  const std::string_view option = option_for(feature.section, feature.name);
  if (option.empty()) {
    return set(feature, There::no, refused("try it", refusal, needs).message, "");
  }
  set(feature, There::no, format("this kernel is built without {}", option),
      format("use a kernel with {}=y", option));
}

}  // namespace skep::kernel
