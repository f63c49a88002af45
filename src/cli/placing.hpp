// Where programs are attached: what the flags add to what the sections say.
#pragma once

#include "cli/arguments.hpp"
#include "kernel/attach.hpp"

namespace skep::cli {

// For all programs, and for one of them: --attach PROGRAM=TARGET.
Result<kernel::Place> place_of(const Arguments& arguments);
Result<kernel::Place> place_for(const Arguments& arguments, const kernel::Place& all,
                                const object::Object& object, const std::string& program);

}  // namespace skep::cli
