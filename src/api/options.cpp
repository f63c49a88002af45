#include "api/options.hpp"

#include "base/text.hpp"

namespace skep::detail {
namespace {

using kernel::EngineKind;

struct OptionRow {
  std::string_view name;
  EngineKind of;
  bool (*is_set)(const LoadOptions&);
  std::string_view why;  // the other one has no such thing
};

constexpr OptionRow kOfOneEngine[] = {
    {"interpret", EngineKind::user, [](const LoadOptions& options) { return options.interpret; },
     "the kernel decides how it runs programs"},
    {"deterministic", EngineKind::user,
     [](const LoadOptions& options) { return options.deterministic; },
     "clocks, random numbers and CPUs of the kernel are what they are"},
    {"budget", EngineKind::user, [](const LoadOptions& options) { return options.budget != 0; },
     "the kernel bounds runs by what its verifier accepts"},
    {"trace", EngineKind::user, [](const LoadOptions& options) { return bool(options.trace); },
     "the kernel writes what programs print to its trace, which `skep tracelog` shows"},
    {"pins", EngineKind::kernel, [](const LoadOptions& options) { return !options.pins.empty(); },
     "maps of the user engine are of this process and not pinned"},
    {"token", EngineKind::kernel, [](const LoadOptions& options) { return !options.token.empty(); },
     "the user engine loads without any privilege"},
    {"replaces", EngineKind::kernel,
     [](const LoadOptions& options) { return options.replaces.has_value(); },
     "programs of the user engine are not replaced"},
};

}  // namespace

kernel::Obstacle not_for(EngineKind engine, const LoadOptions& options) {
  for (const OptionRow& each : kOfOneEngine) {
    if (each.of == engine || !each.is_set(options)) continue;
    return {
        format("LoadOptions::{} is for the {} engine: {}", each.name, name_of(each.of), each.why),
        "leave it out"};
  }
  return {};
}

Result<void> check_options(EngineKind engine, const LoadOptions& options) {
  kernel::Obstacle obstacle = not_for(engine, options);
  if (obstacle.why_not.empty()) return {};
  return Error(Fault::unsupported, std::move(obstacle.why_not), std::move(obstacle.what_to_do));
}

}  // namespace skep::detail
