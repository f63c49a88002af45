#include "object/user_engine.hpp"

#include "base/text.hpp"
#include "platform/section_names.hpp"

namespace skep::object {
namespace {

Error refused(const ProgramEntry& program, std::string_view why, std::string hint) {
  if (program.type == platform::ProgramType::unspecified) {
    return {
        Fault::unsupported,
        format("program {}: no program type has a section named {}", program.name, program.section),
        platform::section_advice(program.section)};
  }
  return {Fault::unsupported,
          format("program {} in section {} is of type {}, which {}", program.name, program.section,
                 platform::row(program.type).name, why),
          std::move(hint)};
}

}  // namespace

bool runs_in_user_engine(platform::ProgramType type) {
  return platform::row(type).input != platform::Input::none;
}

bool takes_packets(platform::ProgramType type) {
  return platform::row(type).input == platform::Input::packet;
}

Result<void> check_runs_in_user_engine(const ProgramEntry& program) {
  if (runs_in_user_engine(program.type)) return {};
  return refused(program, "does not run in user space",
                 "programs that do are in sections xdp, tc, socket and syscall; --engine kernel "
                 "attaches others (in C++: Engine::open(\"kernel\"))");
}

Result<void> check_takes_packets(const ProgramEntry& program) {
  if (takes_packets(program.type)) return {};
  if (runs_in_user_engine(program.type)) {
    return refused(program, "takes no packets",
                   "it runs when it is called: skep test-run calls it (in C++: Program::run())");
  }
  return refused(program, "takes no packets",
                 "packet programs are in sections xdp, tc and socket; --engine kernel attaches "
                 "others (in C++: Engine::open(\"kernel\"))");
}

}  // namespace skep::object
