#include "cli/chosen_targets.hpp"

#include <unistd.h>

#include "base/text.hpp"
#include "cli/btf_types.hpp"

namespace skep::cli {
namespace {}  // namespace

Result<ChosenTargets> ChosenTargets::of(const object::Object& object, const Arguments& arguments,
                                        Output& out) {
  ChosenTargets types;
  for (const auto& words : arguments.given(Flag::btf)) {
    TRY(types.targets_.open(words[0]));
  }
  if (types.targets() != nullptr || !object.needs_targets() || ::access(kKernelTypes, R_OK) != 0) {
    return types;
  }
  if (out.volume() == Volume::verbose) {
    out.note(format("CO-RE relocations are against {}", kKernelTypes));
  }
  TRY(types.targets_.open(kKernelTypes));
  return types;
}

}  // namespace skep::cli
