// From an object to an app: the pipeline of src/cli/run.cpp, for several programs.
#include "skep/engine.hpp"

#include <unistd.h>

#include <algorithm>

#include "api/state.hpp"
#include "base/text.hpp"

namespace skep {
namespace {

constexpr const char* kKernelTypes = "/sys/kernel/btf/vmlinux";

std::vector<object::ProgramEntry> all_programs(const object::Object& object) {
  std::vector<object::ProgramEntry> out;
  for (const object::ProgramEntry& each : object.programs()) {
    if (!each.is_optional) out.push_back(each);
  }
  return out;
}

Result<std::vector<object::ProgramEntry>> chosen(const object::Object& object,
                                                 const LoadOptions& options) {
  if (options.programs.empty()) return all_programs(object);
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

Result<void> check_is_run_here(const object::ProgramEntry& program) {
  if (platform::row(program.type).context_size != 0) return {};
  if (program.type == platform::ProgramType::unspecified) {
    return Error(
        Fault::unsupported,
        format("program {}: no program type has a section named {}", program.name, program.section),
        platform::section_advice(program.section));
  }
  return Error(Fault::unsupported,
               format("program {} in section {} is of type {}, which the user engine does not run",
                      program.name, program.section, platform::row(program.type).name),
               "name the programs that are to be loaded in LoadOptions::programs");
}

Result<btf::Targets> targets_of(const object::Object& object, const LoadOptions& options) {
  btf::Targets targets;
  for (const std::string& path : options.types) TRY(targets.open(path));
  const bool looks_here = options.types.empty() && object.needs_targets();
  if (looks_here && ::access(kKernelTypes, R_OK) == 0) TRY(targets.open(kKernelTypes));
  return targets;
}

Result<verify::VerifiedProgram> proved(const std::shared_ptr<const platform::Program>& program) {
  verify::Verdict verdict = verify::verify(program);
  if (auto* verified = std::get_if<verify::VerifiedProgram>(&verdict.outcome))
    return std::move(*verified);
  const auto& why = std::get<verify::Report>(verdict.outcome);
  return Error(Fault::rejected, format("program {} is rejected: {}", program->name, why.message),
               why.hint)
      .with_report(verify::to_text(why));
}

Result<void> load_into(detail::AppState& state, const LoadOptions& options) {
  const auto programs = TRY(chosen(state.object, options));
  if (programs.empty()) return Error(Fault::absent, "no programs");
  for (const object::ProgramEntry& each : programs) TRY(check_is_run_here(each));
  if (!options.configuration.empty()) {
    TRY(state.object.resolve({.configuration = options.configuration}));
  }
  const btf::Targets targets = TRY(targets_of(state.object, options));
  const object::LinkOptions link{.targets = targets.empty() ? nullptr : &targets};
  std::vector<verify::VerifiedProgram> verified;
  for (const object::ProgramEntry& each : programs) {
    verified.push_back(TRY(proved(TRY(state.object.program(each.name, link)))));
  }
  state.app = TRY(runtime::App::create(verified[0].program().maps, *state.environment));
  const auto tier = options.interpret ? runtime::Tier::interpreter : runtime::Tier::jit;
  for (std::size_t at = 0; at < programs.size(); ++at) {
    const auto* loaded = TRY(state.app->load(std::move(verified[at]), tier));
    state.programs.emplace(programs[at].name, detail::Loaded{loaded, programs[at].type});
  }
  return {};
}

}  // namespace

Result<Engine> Engine::open(std::string_view name) {
  if (name == "user" || name == "auto") return Engine("user");
  if (name == "kernel") {
    return Error(Fault::unsupported, "the kernel engine is not part of this version",
                 "\"user\" runs the same programs without any privilege");
  }
  return Error(Fault::usage, format("no engine named {}", name), "the engines are user and auto");
}

Result<App> Engine::load(const Object& object, const LoadOptions& options) const {
  auto state = std::make_shared<detail::AppState>(
      detail::AppState{.object = object.state_->object,
                       .environment = options.deterministic ? runtime::deterministic_environment()
                                                            : runtime::real_environment()});
  if (options.trace) state->environment->trace = options.trace;
  TRY(load_into(*state, options).within(object.name()));
  return App(std::move(state));
}

}  // namespace skep
