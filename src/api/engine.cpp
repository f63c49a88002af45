// From an object to an app: which programs, which types, which engine; the engine does the rest
// (user_app.cpp, kernel_app.cpp).
#include "skep/engine.hpp"

#include <unistd.h>

#include <algorithm>

#include "api/engine_app.hpp"
#include "api/options.hpp"
#include "api/state.hpp"
#include "base/text.hpp"

namespace skep {
namespace {

using kernel::EngineKind;

constexpr std::string_view kAuto = "auto";

using Load = Result<std::shared_ptr<detail::EngineApp>> (*)(object::Object, const detail::Wanted&);
constexpr EnumArray<EngineKind, Load> kLoad({{EngineKind::user, detail::load_user},
                                             {EngineKind::kernel, detail::load_kernel}});

std::vector<object::ProgramEntry> all_programs(const object::Object& object) {
  std::vector<object::ProgramEntry> out;
  for (const object::ProgramEntry& each : object.programs()) {
    if (!each.is_optional) out.push_back(each);
  }
  return out;
}

Result<std::vector<object::ProgramEntry>> chosen(const object::Object& object,
                                                 const LoadOptions& options) {
  auto all = all_programs(object);
  if (options.programs.empty() && all.empty()) return Error(Fault::absent, "no programs");
  if (options.programs.empty()) return all;
  std::vector<object::ProgramEntry> out;
  std::vector<std::string_view> known;
  for (const object::ProgramEntry& each : object.programs()) known.push_back(each.name);
  for (const std::string& name : options.programs) {
    const auto found = std::ranges::find(object.programs(), name, &object::ProgramEntry::name);
    if (found == object.programs().end()) return detail::no_such("program", name, known);
    out.push_back(*found);
  }
  return out;
}

Result<btf::Targets> targets_of(const object::Object& object, const LoadOptions& options) {
  btf::Targets targets;
  for (const std::string& path : options.types) TRY(targets.open(path));
  const bool looks_here = options.types.empty() && object.needs_targets();
  if (looks_here && ::access(btf::kKernelTypes, R_OK) == 0) TRY(targets.open(btf::kKernelTypes));
  return targets;
}

std::optional<EngineKind> engine_named(std::string_view name) {
  for (const EngineKind each : every<EngineKind>()) {
    if (kernel::name_of(each) == name) return each;
  }
  return std::nullopt;
}

Result<EngineKind> engine_for(const std::string& name, const object::Object& object,
                              const detail::Wanted& wanted) {
  if (const auto engine = engine_named(name)) return *engine;
  return kernel::choose_engine(
      object, {.programs = wanted.programs, .also = [&](const auto&, EngineKind engine) {
                 return detail::not_for(engine, wanted.options);
               }});
}

struct Prepared {
  EngineKind engine;
  detail::Wanted wanted;
};

Result<Prepared> prepare(const std::string& name, object::Object& object,
                         const LoadOptions& options) {
  if (!options.configuration.empty()) {
    TRY(object.resolve({.configuration = options.configuration}));
  }
  detail::Wanted wanted{
      .options = options, .programs = TRY(chosen(object, options)), .targets = {}};
  const EngineKind engine = TRY(engine_for(name, object, wanted));
  TRY(detail::check_options(engine, options));
  wanted.targets = TRY(targets_of(object, options));
  return Prepared{engine, std::move(wanted)};
}

}  // namespace

Result<Engine> Engine::open(std::string_view name) {
  if (name == kAuto || engine_named(name)) return Engine(name);
  return Error(Fault::usage, format("no engine named {}", name),
               "the engines are user, kernel and auto");
}

Result<App> Engine::load(const Object& object, const LoadOptions& options) const {
  object::Object copy = object.state_->object;
  const auto [engine, wanted] = TRY(prepare(name_, copy, options).within(object.name()));
  return App(TRY(kLoad[engine](std::move(copy), wanted)));
}

}  // namespace skep
