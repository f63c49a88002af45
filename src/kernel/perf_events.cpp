// Hooks that are perf events: kprobes, uprobes, tracepoints, samples and watchpoints.
//
// perf_event_open(2) makes the event, a bpf_link (since 5.15) or an ioctl binds the program to it.
// What the numbers of the probes' PMUs mean is read from /sys/bus/event_source/devices. Targets of
// perf events read as in bpftrace: profile:hz:99, software:page-faults:100,
// hardware:cycles:1000000, watchpoint:ADDRESS:LENGTH:rw.
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/text.hpp"
#include "kernel/attachers.hpp"
#include "kernel/tracefs.hpp"
#include "kernel/user_functions.hpp"

namespace skep::kernel {
namespace {

constexpr u64 kDefaultFrequency =
    99;  // samples a second on each CPU; not in step with timers of 100 Hz

perf_event_attr new_event(u32 type, u64 config) {
  perf_event_attr event;
  std::memset(&event, 0, sizeof(event));
  event.size = sizeof(event);
  event.type = type;
  event.config = config;
  return event;
}

// Which tasks and CPUs an event is of, as perf_event_open(2) counts: -1 is all.
struct Scope {
  int pid = -1;
  int cpu = 0;
};

Result<Fd> open_event(perf_event_attr event, Scope scope, const Attachment& at,
                      std::string_view where) {
  const long raw =
      ::syscall(__NR_perf_event_open, &event, scope.pid, scope.cpu, -1, PERF_FLAG_FD_CLOEXEC);
  if (raw >= 0) return Fd::adopt(static_cast<int>(raw));
  if (errno == ENOENT) return Error(Fault::absent, format("this machine has no event {}", where));
  return refused(format("make the event {}", where), errno, at.needs());
}

// Binds the program to an event, whatever the kernel has for it.
Result<void> bind(const Attachment& at, Fd event, Link& link) {
  platform::CreateLink create{};
  create.target = static_cast<u32>(event.get());
  create.attach_type = platform::kernel_number(platform::AttachType::perf_event);
  create.program_fd = static_cast<u32>(at.descriptor());
  create.perf_event.cookie = at.place.cookie;
  const s64 made = bpf(Command::create_link, create);
  if (made >= 0) {
    link.hold_link(Fd::adopt(static_cast<int>(made)));
  } else if (::ioctl(event.get(), PERF_EVENT_IOC_SET_BPF, at.descriptor()) != 0) {
    return refused(format("attach to {}", link.where()), static_cast<int>(-made), at.needs());
  }
  if (::ioctl(event.get(), PERF_EVENT_IOC_ENABLE, 0) != 0) {
    return refused(format("start the event {}", link.where()), errno, at.needs());
  }
  link.hold(std::move(event));
  return {};
}

Result<Link> attach_to(const Attachment& at, perf_event_attr event, Scope scope,
                       std::string where) {
  Link link = at.link(std::move(where));
  Fd descriptor = TRY(open_event(event, scope, at, link.where()));
  TRY(bind(at, std::move(descriptor), link));
  return link;
}

// ---- probes ----

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

Result<Link> attach_tracepoint(const Attachment& at) {
  const u64 id = TRY(tracepoint_id(at.target.place, at.target.name));
  return attach_to(at, new_event(PERF_TYPE_TRACEPOINT, id), {}, at.target.text);
}

// ---- samples and watchpoints ----

namespace {

struct NamedEvent {
  std::string_view name;
  u64 config;
};
constexpr auto kSoftware = std::to_array<NamedEvent>({
    {"cpu-clock", PERF_COUNT_SW_CPU_CLOCK},
    {"task-clock", PERF_COUNT_SW_TASK_CLOCK},
    {"page-faults", PERF_COUNT_SW_PAGE_FAULTS},
    {"context-switches", PERF_COUNT_SW_CONTEXT_SWITCHES},
    {"cpu-migrations", PERF_COUNT_SW_CPU_MIGRATIONS},
    {"minor-faults", PERF_COUNT_SW_PAGE_FAULTS_MIN},
    {"major-faults", PERF_COUNT_SW_PAGE_FAULTS_MAJ},
    {"alignment-faults", PERF_COUNT_SW_ALIGNMENT_FAULTS},
    {"emulation-faults", PERF_COUNT_SW_EMULATION_FAULTS},
    {"bpf-output", PERF_COUNT_SW_BPF_OUTPUT},
    {"cgroup-switches", PERF_COUNT_SW_CGROUP_SWITCHES},
});
constexpr auto kHardware = std::to_array<NamedEvent>({
    {"cycles", PERF_COUNT_HW_CPU_CYCLES},
    {"instructions", PERF_COUNT_HW_INSTRUCTIONS},
    {"cache-references", PERF_COUNT_HW_CACHE_REFERENCES},
    {"cache-misses", PERF_COUNT_HW_CACHE_MISSES},
    {"branches", PERF_COUNT_HW_BRANCH_INSTRUCTIONS},
    {"branch-misses", PERF_COUNT_HW_BRANCH_MISSES},
    {"bus-cycles", PERF_COUNT_HW_BUS_CYCLES},
    {"ref-cycles", PERF_COUNT_HW_REF_CPU_CYCLES},
});

constexpr std::string_view kForms =
    "write profile:hz:99, software:page-faults:100, hardware:cycles:1000000 or "
    "watchpoint:0xADDRESS:8:rw";

// The parts of "software:page-faults:100".
std::vector<std::string_view> parts_of(std::string_view text) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t colon = text.find(':');
    parts.push_back(text.substr(0, colon));
    if (colon == std::string_view::npos) return parts;
    text.remove_prefix(colon + 1);
  }
}

Result<u64> number_in(std::string_view text, std::string_view what) {
  if (const auto number = parse_unsigned(text); number && *number != 0) return *number;
  return Error(Fault::usage, format("'{}' is no {}", text, what), std::string(kForms));
}

Result<perf_event_attr> counted_event(u32 type, std::span<const NamedEvent> known,
                                      const std::vector<std::string_view>& parts) {
  std::vector<std::string_view> names;
  for (const NamedEvent& each : known) {
    names.push_back(each.name);
    if (each.name != parts[1]) continue;
    perf_event_attr event = new_event(type, each.config);
    event.sample_period =
        parts.size() > 2 ? TRY(number_in(parts[2], "number of events a sample")) : 1'000'000;
    return event;
  }
  std::string hint = did_you_mean(parts[1], names);
  if (hint.empty())
    hint = "known are " + join(std::vector<std::string>(names.begin(), names.end()), ", ");
  return Error(Fault::usage, format("there is no {} event {}", parts[0], parts[1]),
               std::move(hint));
}

Result<perf_event_attr> watchpoint(const std::vector<std::string_view>& parts) {
  perf_event_attr event = new_event(PERF_TYPE_BREAKPOINT, 0);
  event.bp_addr = TRY(number_in(parts[1], "address"));
  event.bp_len = TRY(number_in(parts[2], "length"));
  for (const char mode : parts[3]) {
    if (mode != 'r' && mode != 'w' && mode != 'x') {
      return Error(Fault::usage, format("'{}' is no way to touch memory", parts[3]),
                   "r, w, rw or x");
    }
    event.bp_type |= mode == 'r'   ? u32{HW_BREAKPOINT_R}
                     : mode == 'w' ? u32{HW_BREAKPOINT_W}
                                   : u32{HW_BREAKPOINT_X};
  }
  if (event.bp_type == HW_BREAKPOINT_R) event.bp_type = HW_BREAKPOINT_RW;  // x86 has no reads alone
  event.sample_period = 1;
  event.precise_ip = 2;
  return event;
}

Result<perf_event_attr> event_of(std::string_view text) {
  const auto parts = parts_of(text);
  if (parts[0] == "profile" && parts.size() == 3 && parts[1] == "hz") {
    perf_event_attr event = new_event(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK);
    event.freq = 1;
    event.sample_freq = TRY(number_in(parts[2], "frequency"));
    return event;
  }
  if (parts[0] == "software" && (parts.size() == 2 || parts.size() == 3)) {
    return counted_event(PERF_TYPE_SOFTWARE, kSoftware, parts);
  }
  if (parts[0] == "hardware" && (parts.size() == 2 || parts.size() == 3)) {
    return counted_event(PERF_TYPE_HARDWARE, kHardware, parts);
  }
  if (parts[0] == "watchpoint" && parts.size() == 4) return watchpoint(parts);
  return Error(Fault::usage, format("'{}' is no perf event", text), std::string(kForms));
}

bool is_off(int cpu) {
  const auto online = read_text(format("/sys/devices/system/cpu/cpu{}/online", cpu));
  return online.ok() && online->starts_with('0');
}

}  // namespace

Result<Link> attach_perf_event(const Attachment& at) {
  const std::string text =
      at.target.text.empty() ? format("profile:hz:{}", kDefaultFrequency) : at.target.text;
  const perf_event_attr event = TRY(event_of(text));
  if (at.place.pid) {
    return attach_to(at, event, {static_cast<int>(*at.place.pid), -1},
                     format("{} of process {}", text, *at.place.pid));
  }
  Link link = at.link(text);
  const long cpus = ::sysconf(_SC_NPROCESSORS_CONF);
  for (int cpu = 0; cpu < cpus; ++cpu) {
    auto descriptor = open_event(event, {-1, cpu}, at, text);
    if (!descriptor.ok() && is_off(cpu)) continue;
    if (!descriptor.ok()) return std::move(descriptor).error();
    TRY(bind(at, std::move(*descriptor), link));
  }
  return link;
}

}  // namespace skep::kernel
