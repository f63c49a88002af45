#include "object/light/refuse.hpp"

#include "object/hooks.hpp"

namespace skep::object::light {
namespace {

constexpr std::string_view kUseOthers =
    "load it with libbpf, or leave it out of the object that becomes a light skeleton";

Error no_map(const platform::MapSpec& map, std::string_view why) {
  return {Fault::unsupported,
          format("map {} cannot be made by a light skeleton: {}", map.name, why),
          std::string(kUseOthers)};
}

Error no_program(const ProgramEntry& program, std::string_view why, std::string hint) {
  return {Fault::unsupported,
          format("program {} cannot be loaded by a light skeleton: {}", program.name, why),
          std::move(hint)};
}

}  // namespace

Result<void> check_map(const platform::MapSpec& map) {
  if (map.kind == platform::MapKind::struct_ops) {
    return no_map(map, "how its structure is laid out is known only in the running kernel");
  }
  if (map.kind == platform::MapKind::arena) {
    return no_map(map, "an arena is mapped by its process before programs are loaded");
  }
  if (map.is_pinned_by_name) {
    return no_map(map, "it is pinned by name, and a loader program has no file system");
  }
  return {};
}

Result<void> check_program(const ProgramEntry& program) {
  if (program.type == platform::ProgramType::unspecified) {
    return no_program(program,
                      format("section {} does not say of which type it is", program.section),
                      platform::section_advice(program.section));
  }
  if (program.type == platform::ProgramType::struct_ops) {
    return no_program(program, "it belongs to a structure of operations", std::string(kUseOthers));
  }
  if (program.type == platform::ProgramType::ext) {
    return no_program(program, "it replaces a function of another program",
                      std::string(kUseOthers));
  }
  if ((program.flags & platform::kTargetInBtf) == 0) return {};
  if (!name_in_btf(program.target)) {
    return no_program(program, format("section {} does not name its target", program.section),
                      format("write SEC(\"{}/NAME\")", program.section));
  }
  if (program.target.place.empty()) return {};
  return no_program(program,
                    format("its target is in module {}, and a loader program looks in all of them",
                           program.target.place),
                    format("leave the module out of {}", program.section));
}

}  // namespace skep::object::light
