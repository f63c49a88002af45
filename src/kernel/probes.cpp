// kprobes, uprobes and system calls: events of the probes' PMUs.
//
// What the numbers of these PMUs mean is read from /sys/bus/event_source/devices.
#include "base/text.hpp"
#include "kernel/perf_events.hpp"
#include "kernel/user_functions.hpp"

namespace skep::kernel {
namespace {

struct ProbeUnit {
  u32 type = 0;
  u32 return_bit = 0;
};

Result<ProbeUnit> probe_unit(std::string_view name, std::string_view option) {
  const std::string folder = format("/sys/bus/event_source/devices/{}/", name);
  const auto type = read_text(folder + "type");
  if (!type.ok()) {
    return Error(
        Fault::unsupported, format("this kernel has no {}s", name),
        format("it would be built with {}; fentry, tp_btf and raw tracepoints do without", option));
  }
  const auto bit = read_text(folder + "format/retprobe");  // "config:0"
  const auto number = parse_unsigned(std::string_view(*type).substr(0, type->find('\n')));
  ProbeUnit unit{static_cast<u32>(number.value_or(0)), 0};
  if (bit.ok() && bit->starts_with("config:")) {
    unit.return_bit = static_cast<u32>(
        parse_unsigned(std::string_view(*bit).substr(7, bit->find('\n') - 7)).value_or(0));
  }
  return unit;
}

u64 config_of(const ProbeUnit& unit, const Attachment& at) {
  const bool is_return = at.hook == Hook::kretprobe || at.hook == Hook::uretprobe ||
                         at.program.entry.section.starts_with("kretsyscall");
  return is_return ? u64{1} << unit.return_bit : 0;
}

Result<Link> attach_to_function(const Attachment& at, const std::string& function, u64 offset,
                                std::string where) {
  const ProbeUnit unit = TRY(probe_unit("kprobe", "CONFIG_KPROBE_EVENTS"));
  perf_event_attr event = new_event(unit.type, config_of(unit, at));
  event.config1 = platform::address_of(function.c_str());
  event.config2 = offset;
  auto link = attach_to(at, event, {}, std::move(where));
  if (link.ok() || link.error().fault != Fault::absent) return link;
  return Error(
      Fault::absent, format("this kernel has no function {} that can be probed", function),
      "/proc/kallsyms lists functions; those that are inlined or marked notrace cannot be probed");
}

}  // namespace

Result<Link> attach_kprobe(const Attachment& at) {
  const std::string name =
      at.target.place.empty() ? at.target.name : format("{}:{}", at.target.place, at.target.name);
  return attach_to_function(at, name, at.target.offset, at.target.text);
}

// The function of a system call is named after the architecture (SYSCALL_DEFINEx).
Result<Link> attach_system_call(const Attachment& at) {
#if defined(__x86_64__)
  constexpr std::string_view kPrefix = "__x64_sys_";
#elif defined(__aarch64__)
  constexpr std::string_view kPrefix = "__arm64_sys_";
#endif
  return attach_to_function(at, std::string(kPrefix) + at.target.name, 0, at.target.name);
}

Result<Link> attach_uprobe(const Attachment& at) {
  const ProbeUnit unit = TRY(probe_unit("uprobe", "CONFIG_UPROBE_EVENTS"));
  const std::string path = TRY(find_binary(at.target.place));
  u64 offset = at.target.offset;
  if (const auto number = parse_unsigned(at.target.name)) {
    offset += *number;
  } else {
    offset += TRY(TRY(UserFile::open(path)).offset_of(at.target.name));
  }
  perf_event_attr event = new_event(unit.type, config_of(unit, at) | at.semaphore << 32);
  event.config1 = platform::address_of(path.c_str());
  event.config2 = offset;
  const int pid = at.place.pid ? static_cast<int>(*at.place.pid) : -1;
  const std::string who = at.place.pid ? format(" of process {}", *at.place.pid) : "";
  return attach_to(at, event, {pid, pid < 0 ? 0 : -1},
                   format("{}:{}{}", path, at.target.name, who));
}

}  // namespace skep::kernel
