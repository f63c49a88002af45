// The types of the machine that a program is to run on: those that --btf names, or this kernel's.
#pragma once

#include "btf/targets.hpp"
#include "cli/arguments.hpp"
#include "cli/output.hpp"
#include "object/object.hpp"

namespace skep::cli {

class ChosenTargets {
 public:
  // Reads them only when the object asks for types, or --btf is given.
  static Result<ChosenTargets> of(const object::Object& object, const Arguments& arguments,
                                  Output& out);

  // Null when there are none.
  const btf::Targets* targets() const { return targets_.empty() ? nullptr : &targets_; }
  object::LinkOptions link() const { return {.targets = targets()}; }

 private:
  btf::Targets targets_;
};

}  // namespace skep::cli
