// skep verify --corpus: many programs, a line each, and what they took together.
#pragma once

#include "cli/arguments.hpp"
#include "cli/output.hpp"

namespace skep::cli {

// The operands are objects, or folders that are searched for files that end in .o.
Result<int> verify_corpus(const Arguments& arguments, Output& out);

}  // namespace skep::cli
