// What skep verify was asked for: its limits, and what it does besides verifying one object.
#pragma once

#include "cli/arguments.hpp"
#include "cli/output.hpp"
#include "object/object.hpp"
#include "verify/verify.hpp"

namespace skep::cli {

// --rules, --capabilities, --limit and --time-limit.
Result<verify::Limits> wanted_limits(const Arguments& arguments);

// --jobs: programs that are verified at a time; one for each CPU when it is not given.
Result<u64> wanted_jobs(const Arguments& arguments);

// By the kernel's rules what the object asks of a kernel is what the types have, and this kernel's
// configuration and symbols, as far as they can be read.
Result<void> resolve_by_kernel(object::Object& object, const verify::Limits& limits);

// --explain
Result<int> explain_rule(const Arguments& arguments, Output& out);

}  // namespace skep::cli
