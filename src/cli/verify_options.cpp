#include "cli/verify_options.hpp"

#include <algorithm>
#include <thread>

#include "base/json.hpp"
#include "base/text.hpp"
#include "cli/duration.hpp"
#include "explain/lessons.hpp"
#include "kernel/cpus.hpp"
#include "kernel/symbols.hpp"

namespace skep::cli {
namespace {

using verify::Property;

constexpr std::string_view kKernelLimit = "kernel";

std::string rule_json(Property property) {
  const verify::PropertyRow& row = verify::kProperties[property];
  const explain::Lesson& lesson = explain::lesson(property);
  JsonWriter json;
  json.begin_object().member("property", row.name).member("rule", row.rule);
  json.member("meaning", lesson.meaning).member("refused", lesson.bad.text);
  json.member("accepted", lesson.good.text).member("hint", row.advice).end_object();
  return json.take() + "\n";
}

std::string rule_line(Property property) {
  constexpr std::size_t kColumn = 24;
  const verify::PropertyRow& row = verify::kProperties[property];
  return format("{}{}\n", padded(std::string(row.name), kColumn), row.rule);
}

// What the kernel asks for; the user engine asks for nothing.
Result<platform::Capabilities> wanted_capabilities(const Arguments& arguments) {
  const bool unprivileged = arguments.has(Flag::unprivileged);
  const auto names = arguments.text(Flag::capabilities);
  if (!unprivileged && !names) return platform::kAllCapabilities;
  if (arguments.text(Flag::rules) == "user") {
    return Error(Fault::usage, "the user engine asks for no capabilities",
                 "leave --rules user out: --capabilities is about the kernel");
  }
  if (unprivileged && names)
    return Error(Fault::usage, "--unprivileged and --capabilities are both given",
                 "--unprivileged is --capabilities none");
  if (unprivileged) return platform::kNoCapabilities;
  const auto out = platform::capabilities_of(*names);
  if (!out) {
    return Error(Fault::usage, format("--capabilities {}: no such capabilities", *names),
                 "none, all, or some of bpf, perfmon and net_admin with commas between them");
  }
  return *out;
}

}  // namespace

Result<verify::Limits> wanted_limits(const Arguments& arguments) {
  verify::Limits limits;
  const bool user = arguments.text(Flag::rules) == "user";  // else kernel: there is no other
  limits.rules = user ? verify::Rules::user_engine : verify::Rules::kernel;
  limits.capabilities = TRY(wanted_capabilities(arguments));
  if (!arguments.has(Flag::btf)) limits.cpus = kernel::possible_cpus_if_known();
  constexpr u64 kMillisecond = 1'000'000;
  limits.time_max_ms =
      TRY(duration_ns(arguments, Flag::time_limit, limits.time_max_ms * kMillisecond)) /
      kMillisecond;
  if (arguments.text(Flag::limit) == kKernelLimit) {
    limits.instructions_max = verify::kKernelInstructionsMax;
    limits.pending_max = verify::kKernelPendingMax;
    limits.paths = verify::Paths::pruned;  // as the kernel walks
    constexpr u64 kHour = 3'600'000;       // it has no limit of time
    if (!arguments.has(Flag::time_limit)) limits.time_max_ms = kHour;
    return limits;
  }
  limits.instructions_max = TRY(arguments.number(Flag::limit, 1, limits.instructions_max));
  return limits;
}

Result<u64> wanted_jobs(const Arguments& arguments) {
  return arguments.number(Flag::jobs, 1, std::max(1u, std::thread::hardware_concurrency()));
}

Result<int> explain_rule(const Arguments& arguments, Output& out) {
  const std::string name = *arguments.text(Flag::explain);  // one of the choices: the parser checks
  for (const Property property : every<Property>()) {
    const bool is_list = name == "list";
    if (!is_list && verify::kProperties[property].name != name) continue;
    if (out.is_json()) {
      out.write(rule_json(property));
    } else {
      out.write(is_list ? rule_line(property) : explain::lesson_text(property));
    }
  }
  return 0;
}

Result<void> resolve_by_kernel(object::Object& object, const verify::Limits& limits) {
  if (limits.rules != verify::Rules::kernel || limits.kernel_types == nullptr) return {};
  const bool asks = std::ranges::any_of(object.externs(), [](const platform::Extern& each) {
    return each.kind == platform::ExternKind::function ||
           each.kind == platform::ExternKind::variable;
  });
  if (asks) TRY(object.resolve({.types = limits.kernel_types}));
  (void)kernel::find_symbols(object);  // addresses may be hidden
  return {};
}

}  // namespace skep::cli
