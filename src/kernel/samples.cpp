// Samples and watchpoints: perf events that count or look at memory.
//
// Their targets read as in bpftrace: profile:hz:99, software:page-faults:100,
// hardware:cycles:1000000, watchpoint:ADDRESS:LENGTH:rw.
#include <linux/hw_breakpoint.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "kernel/cpus.hpp"
#include "kernel/perf_events.hpp"

namespace skep::kernel {
namespace {

constexpr u64 kDefaultFrequency =
    99;  // samples a second on each CPU; not in step with timers of 100 Hz

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

bool is_off(u32 cpu) {
  const auto online = online_cpus();
  return online.ok() && std::ranges::find(*online, cpu) == online->end();
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
  for (const u32 cpu : TRY(online_cpus())) {
    auto added = add_event(at, event, {-1, static_cast<int>(cpu)}, link);
    if (!added.ok() && is_off(cpu)) continue;  // since the list was read
    TRY(std::move(added));
  }
  return link;
}

}  // namespace skep::kernel
