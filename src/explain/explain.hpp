// What a refusal means: the values that it is about, whether it is a bug, and what to change.
//
// In: the program, the Limits that it was refused with, and the Report of verify(). Out: the same
// Report with its last part filled: where the values came from and what they lost (origins.hpp),
// the cause. The program is verified again, so it takes as long again; what is accepted never comes
// here.
#pragma once

#include <chrono>
#include <memory>

#include "verify/verify.hpp"

namespace skep::explain {

struct Options {
  // How long an input is looked for that shows a bug; 0: none is.
  std::chrono::milliseconds search_max{250};
  bool suggests = true;  // edits that are accepted are looked for
};

verify::Report explain(const std::shared_ptr<const platform::Program>& program,
                       const verify::Limits& limits, verify::Report report,
                       const Options& options = {});

}  // namespace skep::explain
