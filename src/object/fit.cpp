#include "object/fit.hpp"

#include "base/text.hpp"
#include "object/reachable.hpp"

namespace skep::object {
namespace {

Problem problem_at(const platform::Program& program, isa::InstructionIndex at,
                   std::string message) {
  Problem problem{.message = std::move(message), .file = {}};
  if (const platform::SourceLine* line = program.line_at(at)) {
    problem.file = line->file;
    problem.line = line->line;
  }
  return problem;
}

// The same member is often read by several instructions of a line.
void add(std::vector<Problem>& problems, Problem problem) {
  for (const Problem& each : problems) {
    if (each.message == problem.message && each.line == problem.line) return;
  }
  problems.push_back(std::move(problem));
}

void add_externs(const platform::Program& program, const std::vector<bool>& reached,
                 const btf::Targets& machine, std::vector<Problem>& problems) {
  for (const platform::ExternUse& use : program.uses) {
    const platform::Extern& external = (*program.externs)[use.number];
    if (external.is_weak || external.state != platform::ExternState::absent) continue;
    if (!reached[use.at.value()]) continue;
    add(problems, problem_at(program, use.at,
                             format("{} has no {} {}", machine.name(),
                                    platform::name_of(external.kind), external.name)));
  }
}

}  // namespace

Fit fit(Object object, const ProgramEntry& entry, const btf::Targets& machine) {
  Fit out{.hook = find_hook(entry, machine), .problems = {}};
  const auto resolved = object.resolve({.types = machine.all()[0].types.get()});
  if (!resolved.ok()) add(out.problems, {.message = resolved.error().message, .file = {}});
  const auto program = object.program(entry.name, {.targets = &machine});
  if (!program.ok()) {
    add(out.problems, {.message = program.error().message, .file = {}});
    return out;
  }
  const std::vector<bool> reached = reachable(**program);
  for (const platform::Unresolved& each : (*program)->unresolved) {
    if (reached[each.at.value()]) add(out.problems, problem_at(**program, each.at, each.message));
  }
  add_externs(**program, reached, machine, out.problems);
  return out;
}

}  // namespace skep::object
