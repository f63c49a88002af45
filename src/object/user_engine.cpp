#include "object/user_engine.hpp"

#include "base/text.hpp"
#include "platform/section_names.hpp"

namespace skep::object {

bool runs_in_user_engine(platform::ProgramType type) {
  return platform::row(type).context_size != 0;
}

Result<void> check_runs_in_user_engine(const ProgramEntry& program) {
  if (runs_in_user_engine(program.type)) return {};
  if (program.type == platform::ProgramType::unspecified) {
    return Error(
        Fault::unsupported,
        format("program {}: no program type has a section named {}", program.name, program.section),
        platform::section_advice(program.section));
  }
  return Error(
      Fault::unsupported,
      format("program {} in section {} is of type {}, which takes no packets", program.name,
             program.section, platform::row(program.type).name),
      "packet programs are in sections xdp, tc and socket; --engine kernel attaches others "
      "(in C++: Engine::open(\"kernel\"))");
}

}  // namespace skep::object
