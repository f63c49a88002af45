#include "cli/loading.hpp"

#include <algorithm>
#include <cstdio>

#include "base/text.hpp"
#include "cli/kernel_configuration.hpp"
#include "explain/explain.hpp"
#include "verify/verify.hpp"

namespace skep::cli {
namespace {

std::vector<std::string_view> names_of(const std::vector<object::ProgramEntry>& programs) {
  std::vector<std::string_view> names;
  for (const object::ProgramEntry& each : programs) names.push_back(each.name);
  return names;
}

std::string listed(const std::vector<std::string_view>& names) {
  return join(std::vector<std::string>(names.begin(), names.end()), ", ");
}

bool reads_configuration(const object::Object& object) {
  return std::ranges::any_of(object.externs(), [](const platform::Extern& each) {
    return each.kind == platform::ExternKind::configuration;
  });
}

Result<void> configure(object::Object& object, const Arguments& arguments, Externs externs) {
  const auto path = arguments.text(Flag::kconfig);
  if (!path && (externs == Externs::given || !reads_configuration(object))) return {};
  const std::string text =
      TRY(path ? read_configuration(std::string(*path)) : this_configuration());
  return object.resolve({.configuration = text, .release = kernel_release()});
}

}  // namespace

Result<object::Object> open_object(const Arguments& arguments, Externs externs, Output& out) {
  auto object = TRY(object::Object::open(arguments.operands()[0]));
  for (const std::string& note : object.notes()) out.note(format("{}: {}", object.name(), note));
  TRY(configure(object, arguments, externs));
  return object;
}

Result<object::ProgramEntry> choose_program(const object::Object& object,
                                            const Arguments& arguments, Output& out) {
  const auto& programs = object.programs();
  if (programs.empty()) return Error(Fault::malformed, format("{} has no programs", object.name()));
  if (const auto wanted = arguments.text(Flag::program)) {
    const auto found = std::ranges::find(programs, *wanted, &object::ProgramEntry::name);
    if (found != programs.end()) return *found;
    const auto names = names_of(programs);
    std::string hint = did_you_mean(*wanted, names);
    if (hint.empty()) hint = "its programs are " + listed(names);
    return Error(Fault::usage, format("{} has no program '{}'", object.name(), *wanted), hint);
  }
  const auto targets = object::tail_call_targets(object);
  std::vector<object::ProgramEntry> entries;
  std::ranges::copy_if(programs, std::back_inserter(entries), [&](const auto& each) {
    return std::ranges::find(targets, each.name) == targets.end();
  });
  const object::ProgramEntry& first = entries.empty() ? programs[0] : entries[0];
  if (entries.size() > 1) {
    out.note(format("the program is {}, the first of {}", first.name, listed(names_of(entries))));
  }
  return first;
}

Result<verify::VerifiedProgram> prove(const std::shared_ptr<const platform::Program>& program,
                                      const Output& out) {
  verify::Verdict verdict = verify::verify(program);
  if (auto* proved = std::get_if<verify::VerifiedProgram>(&verdict.outcome))
    return std::move(*proved);
  const auto& why = std::get<verify::Report>(verdict.outcome);
  if (out.is_json()) {
    return Error(why.fault, format("program {} is rejected: {}", program->name, why.message),
                 why.hint);
  }
  std::fputs(verify::to_text(explain::explain(program, {}, why)).c_str(), stderr);
  return Error(why.fault, format("program {} is rejected", program->name));
}

Result<void> load_targets(runtime::App& app, const object::Object& object, const Chosen& entry,
                          runtime::Tier tier, const Output& out) {
  for (const std::string& name : object::tail_call_targets(object)) {
    if (name == entry.name) continue;
    auto verified = TRY(prove(TRY(object.program(name, entry.link)), out));
    TRY(app.load(std::move(verified), tier));
  }
  return {};
}

std::vector<maps::View*> maps_of(runtime::App& app) {
  std::vector<maps::View*> out;
  for (maps::Map& each : app.maps()) out.push_back(&each);
  return out;
}

runtime::Tier tier_of(const Arguments& arguments) {
  return arguments.has(Flag::interpret) ? runtime::Tier::interpreter : runtime::Tier::jit;
}

Result<runtime::RunRules> rules_of(const Arguments& arguments) {
  return runtime::RunRules{.sharing = platform::Sharing::nobody,
                           .budget = TRY(arguments.number(Flag::budget, 1, 0))};
}

Result<void> check_no_budget(const Arguments& arguments) {
  if (!arguments.has(Flag::budget)) return {};
  return Error(Fault::usage, "--budget is for the user engine",
               "the kernel bounds runs by what its verifier accepts; leave it out");
}

std::unique_ptr<runtime::Environment> environment_of(const Arguments& arguments) {
  return arguments.has(Flag::deterministic) ? runtime::deterministic_environment()
                                            : runtime::real_environment();
}

}  // namespace skep::cli
