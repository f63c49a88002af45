#include "cli/engine_choice.hpp"

#include "cli/placing.hpp"
#include "kernel/attach.hpp"

namespace skep::cli {
namespace {

using kernel::Obstacle, kernel::EngineKind;
using object::ProgramEntry;

// The programs that would run: that of --program, or all but the optional ones.
std::vector<ProgramEntry> chosen(const object::Object& object, const Arguments& arguments) {
  const auto wanted = arguments.text(Flag::program);
  std::vector<ProgramEntry> out;
  for (const ProgramEntry& each : object.programs()) {
    if (wanted ? each.name == *wanted : !each.is_optional) out.push_back(each);
  }
  return out;
}

// The flag that says where, when the section does not.
std::string missing_place(kernel::Needs needs, const kernel::Place& place) {
  using kernel::Needs;
  if (needs == Needs::interface && place.interface.empty()) return "--interface NAME";
  if (needs == Needs::cgroup && place.cgroup.empty()) return "--cgroup FOLDER";
  if (needs == Needs::socket && place.socket.empty()) return "--socket PID:DESCRIPTOR";
  if (needs == Needs::route && place.route.empty()) return "--route PREFIX --interface NAME";
  return {};
}

Obstacle by_flags(const ProgramEntry& program, EngineKind engine, const kernel::Place& place,
                  bool has_packets) {
  if (engine == EngineKind::user) {
    return has_packets ? Obstacle{} : Obstacle{"there are no packets to run on", "say --pcap FILE"};
  }
  if (has_packets) return {"--pcap feeds packets in user space", "leave --pcap out"};
  const std::string flag = missing_place(kernel::row(kernel::hook_of(program)).needs, place);
  return flag.empty() ? Obstacle{} : Obstacle{"the section does not say where", "say " + flag};
}

Result<EngineKind> choose_for(const object::Object& object, const Arguments& arguments) {
  const kernel::Place place = TRY(place_of(arguments));
  const bool has_packets = arguments.has(Flag::pcap);
  return kernel::choose_engine(object,
                               {.programs = chosen(object, arguments),
                                .also = [&](const ProgramEntry& program, EngineKind engine) {
                                  return by_flags(program, engine, place, has_packets);
                                }});
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
