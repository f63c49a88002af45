// Which engine an object runs in: --engine user, kernel or auto.
//
// auto takes the kernel when every program of the object can be attached there with the privileges
// at hand, else user space when every program can run there, else it is an error that says for each
// program and engine why not.
#pragma once

#include "cli/arguments.hpp"
#include "cli/output.hpp"
#include "object/object.hpp"

namespace skep::cli {

enum class EngineKind : u8 { user, kernel };

// Fault::unsupported has the table as its report.
Result<EngineKind> choose_engine(const object::Object& object, const Arguments& arguments);

}  // namespace skep::cli
