// What the running kernel says of a case: its verdict, what verifying cost it, and what the program
// returns.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "platform/capabilities.hpp"
#include "selftests/verifier_case.hpp"

namespace skep::selftests {

struct KernelAnswer {
  std::string not_asked{};  // why there is no verdict; else empty
  bool accepted = false;
  std::string message{};  // the last line of the log that says something, when rejected
  u64 time_us = 0;    // that the kernel says it took, with the changes that it makes to the code
  u64 processed = 0;  // instructions that it walked
  std::vector<std::optional<u32>> results{};  // by run; none where the program type is not run
};

// Nothing is attached, and all is let go again. As root, who lets `held` go first: then the program
// is not run, and maps are made without types where these may not be loaded.
KernelAnswer ask_kernel(const Case& of, platform::Capabilities held = platform::kAllCapabilities);

}  // namespace skep::selftests
