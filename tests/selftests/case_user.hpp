// What we say of a case: our verdict, and what every engine of ours returns where it is accepted.
#pragma once

#include <string>
#include <vector>

#include "selftests/verifier_case.hpp"
#include "verify/verify.hpp"

namespace skep::selftests {

struct UserAnswer {
  bool accepted = false;
  std::string property{};  // why not: the rule's stable name, or "encoding"
  std::string message{};
  u64 time_ns = 0;
  u64 visited = 0;
  std::string not_run{};                    // why an accepted program was not run; else empty
  std::vector<std::string> disagreement{};  // by run: what differs between the engines; else empty
  std::vector<u32> results{};               // by run
};

UserAnswer ask_user(const Case& of);

// The verdict alone, with the same fields.
UserAnswer ask_verifier(const std::shared_ptr<const platform::Program>& program,
                        std::optional<verify::VerifiedProgram>& proved);

}  // namespace skep::selftests
