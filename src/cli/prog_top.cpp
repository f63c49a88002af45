// skep prog top: what the kernel's programs cost, from its own statistics: runs, time a run, share
// of a CPU.
//
// The kernel counts while somebody holds its statistics open (BPF_ENABLE_STATS), which this does
// and lets go when it ends; that costs each run of every program about as much as reading a clock
// twice. A program that is loaded meanwhile is counted from its first run; of one that goes, what
// it ran since the last look is not known.
#include <algorithm>
#include <map>

#include "base/json.hpp"
#include "base/text.hpp"
#include "cli/duration.hpp"
#include "cli/interrupt.hpp"
#include "cli/loaded.hpp"
#include "cli/loaded_names.hpp"

namespace skep::cli {
namespace {

constexpr u64 kSecond = 1'000'000'000;

struct Cost {
  u32 id = 0, type = 0;
  std::string name;
  u64 runs = 0, ns = 0;
};
struct Counted {
  u64 runs = 0, ns = 0;
};
using Before = std::map<u32, Counted>;

// What ran since `before`, dearest first; `before` becomes what is now.
Result<std::vector<Cost>> since(Before& before) {
  std::vector<Cost> out;
  Before now;
  for (const kernel::Program& each : TRY(kernel::programs())) {
    const Counted old = before[each.id];
    now[each.id] = {each.run_count, each.run_time_ns};
    if (each.run_count <= old.runs) continue;
    out.push_back(
        {each.id, each.type, each.name, each.run_count - old.runs, each.run_time_ns - old.ns});
  }
  before = std::move(now);
  std::ranges::sort(
      out, [](const Cost& a, const Cost& b) { return a.ns != b.ns ? a.ns > b.ns : a.id < b.id; });
  return out;
}

std::string right(const std::string& text, std::size_t width) {
  return std::string(text.size() < width ? width - text.size() : 0, ' ') + text;
}

// 1234 as "12.34"
std::string hundredths(u64 number) {
  const std::string digits = std::to_string(number % 100);
  return format("{}.{}{}", number / 100, digits.size() < 2 ? "0" : "", digits);
}

std::string costs_text(const std::vector<Cost>& costs, u64 interval_ns) {
  std::string out = format("{}  {} {} {} {}  {}\n", right("ID", 6), padded("TYPE", 16),
                           right("RUNS", 12), right("NS/RUN", 10), right("CPU %", 8), "NAME");
  for (const Cost& each : costs) {
    out += format("{}  {} {} {} {}  {}\n", right(std::to_string(each.id), 6),
                  padded(program_type_name(each.type), 16), right(std::to_string(each.runs), 12),
                  right(std::to_string(each.ns / each.runs), 10),
                  right(hundredths(each.ns * 10'000 / interval_ns), 8), each.name);
  }
  if (costs.empty()) out += "        no program ran\n";
  return out + "\n";
}

std::string costs_json(const std::vector<Cost>& costs, u64 interval_ns) {
  JsonWriter json;
  json.begin_object().member("interval_ns", interval_ns).key("programs").begin_array();
  for (const Cost& each : costs) {
    json.begin_object().member("id", each.id);
    number_or_name(json, "type", each.type, program_type_name(each.type));
    json.member("name", each.name).member("run_cnt", each.runs).member("run_time_ns", each.ns);
    json.member("ns_per_run", each.ns / each.runs).key("cpu_percent");
    json.rounded(static_cast<double>(each.ns) * 100 / static_cast<double>(interval_ns), 4)
        .end_object();
  }
  json.end_array().end_object();
  return json.take() + "\n";
}

}  // namespace

Result<int> prog_top(const Arguments& arguments, Output& out) {
  const u64 interval = TRY(duration_ns(arguments, Flag::interval, kSecond));
  const u64 duration = TRY(duration_ns(arguments, Flag::duration, 0));
  platform::OneFd run_times{};  // BPF_STATS_RUN_TIME
  const Fd statistics =
      TRY(kernel::descriptor(kernel::bpf(kernel::Command::enable_statistics, run_times),
                             "turn on statistics of run time", kernel::kSysAdmin));
  catch_interrupts();
  const u64 begin = monotonic_ns();
  const u64 end = duration == 0 ? ~u64{0} : begin + duration;
  Before before;
  TRY(since(before));
  for (u64 last = monotonic_ns(); last < end && !is_interrupted() && !out.is_closed();) {
    sleep_until(std::min(last + interval, end));
    const auto costs = TRY(since(before));
    const u64 now = monotonic_ns();
    const u64 took = std::max<u64>(now - last, 1);
    out.write(out.is_json() ? costs_json(costs, took) : costs_text(costs, took));
    TRY(out.flush());
    last = now;
  }
  return 0;
}

}  // namespace skep::cli
