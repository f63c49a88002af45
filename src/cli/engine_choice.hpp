// Which engine an object runs in: --engine user, kernel or auto (kernel/choice.hpp).
//
// The command adds what its flags say: auto does not take the kernel without a place that a section
// leaves to the user, nor user space without packets.
#pragma once

#include "cli/arguments.hpp"
#include "kernel/choice.hpp"

namespace skep::cli {

// Fault::unsupported has the table as its report.
Result<kernel::EngineKind> choose_engine(const object::Object& object, const Arguments& arguments);

}  // namespace skep::cli
