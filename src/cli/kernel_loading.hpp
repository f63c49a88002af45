// From an object and the command's flags to an App in the kernel: --token, --pin-maps, --replaces.
#pragma once

#include <optional>
#include <string>

#include "cli/arguments.hpp"
#include "cli/chosen_targets.hpp"
#include "kernel/app.hpp"

namespace skep::cli {

// `program` and those that it can tail-call; without a name all that are not optional.
Result<kernel::App> load_into_kernel(const object::Object& object, const Arguments& arguments,
                                     const ChosenTargets& types,
                                     const std::optional<std::string>& program);

}  // namespace skep::cli
