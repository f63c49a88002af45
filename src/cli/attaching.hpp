// Attaches what an object loaded, each program where the user said, and pins it.
//
// In: an App, the flags that say where. Out: the Links, with their owner recorded before and after
// each. When one cannot be attached none is; when this process is killed meanwhile, or one cannot
// be pinned, nothing stays attached or pinned either.
#pragma once

#include <vector>

#include "cli/arguments.hpp"
#include "cli/output.hpp"
#include "kernel/attach_all.hpp"

namespace skep::cli {

using kernel::RecordedLink;
// Fault::usage when the object has nothing that is attached.
Result<std::vector<RecordedLink>> attach_all(const kernel::App& app, const Arguments& arguments,
                                             const kernel::Place& everywhere, Output& out);

// Links and maps, in `folder`, which is made where it is missing.
Result<void> pin_all(const kernel::App& app, std::vector<RecordedLink>& attached,
                     const std::string& folder, Output& out);

}  // namespace skep::cli
