#include "cli/engine_choice.hpp"

#include <unistd.h>

#include <algorithm>

#include "base/text.hpp"
#include "cli/btf_types.hpp"
#include "cli/loading.hpp"
#include "cli/placing.hpp"
#include "kernel/attach.hpp"
#include "object/hooks.hpp"

namespace skep::cli {
namespace {

using object::ProgramEntry;

struct Answer {
  std::string why_not;  // empty: possible
  std::string what_to_do{};
};

// The programs that would run: that of --program, or all but the optional ones.
std::vector<const ProgramEntry*> chosen(const object::Object& object, const Arguments& arguments) {
  const auto wanted = arguments.text(Flag::program);
  std::vector<const ProgramEntry*> out;
  for (const ProgramEntry& each : object.programs()) {
    if (wanted ? each.name == *wanted : !each.is_optional) out.push_back(&each);
  }
  return out;
}

// The kernel's types, if they can be read; without them nothing is said of hooks.
btf::Targets kernel_types() {
  btf::Targets types;
  if (::access(kKernelTypes, R_OK) == 0) (void)types.open(kKernelTypes);
  return types;
}

std::string unprivileged_place(kernel::Needs needs, const kernel::Place& place) {
  using kernel::Needs;
  if (needs == Needs::interface && place.interface.empty()) return "--interface NAME";
  if (needs == Needs::cgroup && place.cgroup.empty()) return "--cgroup FOLDER";
  if (needs == Needs::socket && place.socket.empty()) return "--socket PID:DESCRIPTOR";
  if (needs == Needs::route && place.route.empty()) return "--route PREFIX --interface NAME";
  return {};
}

Answer in_kernel(const ProgramEntry& program, const kernel::Place& place,
                 const btf::Targets& types) {
  if (program.type == platform::ProgramType::unspecified) {
    return {"no program type has that section", platform::section_advice(program.section)};
  }
  const kernel::Hook hook = kernel::hook_of(program);
  const kernel::HookRow& row = kernel::row(hook);
  if (const std::string missing = kernel::missing(row.capabilities); !missing.empty()) {
    return {missing + (missing.contains(" and ") ? " are missing" : " is missing"),
            "run as root, or give the process the capability"};
  }
  if (!types.empty()) {
    const object::Hook there = object::find_hook(program, types);
    if (there.state == object::HookState::absent) return {there.why, "a kernel that has it"};
  }
  if (std::string flag = unprivileged_place(row.needs, place); !flag.empty()) {
    return {"the section does not say where", "say " + std::move(flag)};
  }
  return {};
}

Answer in_user_space(const ProgramEntry& program, bool has_packets) {
  if (auto taken = check_takes_packets(program); !taken.ok()) {
    return {format("programs of type {} do not run there in this version",
                   platform::row(program.type).name),
            "--engine kernel"};
  }
  if (!has_packets) return {"there are no packets to run on", "say --pcap FILE"};
  return {};
}

struct Row {
  const ProgramEntry* program;
  std::string_view engine;
  Answer answer;
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
    out += format("{}  {}  {}  {}\n", padded(each.program->name, names),
                  padded(each.program->section, hooks), padded(std::string(each.engine), 6),
                  each.answer.why_not.empty()
                      ? "yes"
                      : format("no: {}; {}", each.answer.why_not, each.answer.what_to_do));
  }
  return out;
}

bool all_possible(const std::vector<Row>& rows, std::string_view engine) {
  return std::ranges::all_of(
      rows, [&](const Row& each) { return each.engine != engine || each.answer.why_not.empty(); });
}

Result<EngineKind> choose_for(const object::Object& object, const Arguments& arguments) {
  const kernel::Place place = TRY(place_of(arguments));
  const btf::Targets types = kernel_types();
  std::vector<Row> rows;
  for (const ProgramEntry* each : chosen(object, arguments)) {
    rows.push_back({each, "kernel", in_kernel(*each, place, types)});
    rows.push_back({each, "user", in_user_space(*each, arguments.has(Flag::pcap))});
  }
  if (arguments.has(Flag::pcap) && all_possible(rows, "user")) return EngineKind::user;
  if (!arguments.has(Flag::pcap) && all_possible(rows, "kernel")) return EngineKind::kernel;
  if (all_possible(rows, "user")) return EngineKind::user;
  return Error(Fault::unsupported,
               format("{}: no engine can run all of its programs", object.name()))
      .with_report(table(rows));
}

}  // namespace

Result<EngineKind> choose_engine(const object::Object& object, const Arguments& arguments) {
  const std::string name = arguments.text(Flag::engine).value_or("user");
  if (name == "auto") return choose_for(object, arguments);
  if (name == "user") return EngineKind::user;
  if (!arguments.has(Flag::pcap)) return EngineKind::kernel;
  return Error(Fault::usage,
               "--pcap feeds packets in user space, and --engine kernel attaches to real ones",
               "leave one of them out");
}

}  // namespace skep::cli
