// What skep verify was asked for: its limits, and what it does besides verifying one object.
#pragma once

#include "cli/arguments.hpp"
#include "cli/output.hpp"
#include "verify/verify.hpp"

namespace skep::cli {

// --rules, --limit and --time-limit.
Result<verify::Limits> wanted_limits(const Arguments& arguments);

// --explain
Result<int> explain_rule(const Arguments& arguments, Output& out);

}  // namespace skep::cli
