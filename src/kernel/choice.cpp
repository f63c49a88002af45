#include "kernel/choice.hpp"

#include <unistd.h>

#include <algorithm>

#include "base/text.hpp"
#include "kernel/hooks.hpp"
#include "object/hooks.hpp"
#include "object/user_engine.hpp"

namespace skep::kernel {
namespace {

using object::ProgramEntry;

constexpr EnumArray<EngineKind, std::string_view> kNames({{EngineKind::user, "user"},
                                                          {EngineKind::kernel, "kernel"}});
constexpr EngineKind kInOrder[] = {EngineKind::kernel, EngineKind::user};

// The kernel's types, if they can be read; without them nothing is said of hooks.
btf::Targets kernel_types() {
  btf::Targets types;
  if (::access(btf::kKernelTypes, R_OK) == 0) (void)types.open(btf::kKernelTypes);
  return types;
}

Obstacle in_kernel(const ProgramEntry& program, const btf::Targets& types) {
  if (program.type == platform::ProgramType::unspecified) {
    return {"no program type has that section", platform::section_advice(program.section)};
  }
  if (const std::string names = missing(row(hook_of(program)).capabilities); !names.empty()) {
    return {names + (names.contains(" and ") ? " are missing" : " is missing"),
            "run as root, or give the process the capability"};
  }
  if (types.empty()) return {};
  const object::Hook there = object::find_hook(program, types);
  if (there.state != object::HookState::absent) return {};
  return {there.why, "a kernel that has it"};
}

Obstacle in_user_space(const ProgramEntry& program) {
  if (object::runs_in_user_engine(program.type)) return {};
  return {format("programs of type {} do not run there in this version",
                 platform::row(program.type).name),
          "--engine kernel"};
}

struct Row {
  const ProgramEntry* program;
  EngineKind engine;
  Obstacle obstacle;
};

std::string table(const std::vector<Row>& rows) {
  std::size_t names = 7, hooks = 4;
  for (const Row& each : rows) {
    names = std::max(names, each.program->name.size());
    hooks = std::max(hooks, each.program->section.size());
  }
  std::string out =
      format("{}  {}  engine  possible\n", padded("program", names), padded("hook", hooks));
  for (const Row& each : rows) {
    out +=
        format("{}  {}  {}  {}\n", padded(each.program->name, names),
               padded(each.program->section, hooks), padded(std::string(name_of(each.engine)), 6),
               each.obstacle.why_not.empty()
                   ? "yes"
                   : format("no: {}; {}", each.obstacle.why_not, each.obstacle.what_to_do));
  }
  return out;
}

bool all_possible(const std::vector<Row>& rows, EngineKind engine) {
  return std::ranges::all_of(rows, [&](const Row& each) {
    return each.engine != engine || each.obstacle.why_not.empty();
  });
}

}  // namespace

std::string_view name_of(EngineKind engine) { return kNames[engine]; }

Result<EngineKind> choose_engine(const object::Object& object, const Choice& choice) {
  const btf::Targets types = kernel_types();
  std::vector<Row> rows;
  for (const ProgramEntry& program : choice.programs) {
    for (const EngineKind engine : kInOrder) {
      Obstacle obstacle =
          engine == EngineKind::kernel ? in_kernel(program, types) : in_user_space(program);
      if (obstacle.why_not.empty()) obstacle = choice.also(program, engine);
      rows.push_back({&program, engine, std::move(obstacle)});
    }
  }
  for (const EngineKind engine : kInOrder) {
    if (all_possible(rows, engine)) return engine;
  }
  return Error(Fault::unsupported,
               format("{}: no engine can run all of its programs", object.name()))
      .with_report(table(rows));
}

}  // namespace skep::kernel
