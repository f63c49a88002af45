#include "platform/program.hpp"

#include <algorithm>
#include <array>

namespace skep::platform {

const SourceLine* Program::line_at(isa::InstructionIndex at) const {
  const auto after = std::ranges::upper_bound(lines, at, {}, &SourceLine::at);
  if (after == lines.begin()) return nullptr;
  const SourceLine& line = *std::prev(after);
  const Function* function = function_at(at);
  return function != nullptr && line.at < function->begin ? nullptr : &line;
}

const Unresolved* Program::unresolved_at(isa::InstructionIndex at) const {
  const auto found = std::ranges::lower_bound(unresolved, at, {}, &Unresolved::at);
  return found == unresolved.end() || found->at != at ? nullptr : &*found;
}

const Function* Program::function_at(isa::InstructionIndex at) const {
  const auto after = std::ranges::upper_bound(functions, at, {}, &Function::begin);
  if (after == functions.begin()) return nullptr;
  const Function& function = *std::prev(after);
  return at < function.end ? &function : nullptr;
}

std::string_view name_of(ExternKind kind) {
  static constexpr EnumArray<ExternKind, std::string_view> kNames({
      {ExternKind::configuration, "kernel configuration"},
      {ExternKind::address, "kernel symbol"},
      {ExternKind::variable, "kernel variable"},
      {ExternKind::function, "kernel function"},
  });
  return kNames[kind];
}

bool is_gpl_compatible(std::string_view license) {
  constexpr auto kCompatible =
      std::to_array<std::string_view>({"GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL",
                                       "Dual MIT/GPL", "Dual MPL/GPL"});
  return std::ranges::find(kCompatible, license) != kCompatible.end();
}

}  // namespace skep::platform
