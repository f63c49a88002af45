// A verdict as it is printed: a line and a Report, or a JSON object.
#pragma once

#include <string>

#include "cli/output.hpp"
#include "object/object.hpp"
#include "verify/verify.hpp"

namespace skep::cli {

inline constexpr int kRejected = 4;  // an exit code

// What was asked about a verdict, beside the verdict.
struct WantedVerdict {
  bool hot = false;
  std::string log = {};  // of -v
};

std::string verdict_json(const object::Object& object, const platform::Program& program,
                         const verify::Verdict& verdict, const WantedVerdict& asked);
std::string verdict_text(const platform::Program& program, const verify::Verdict& verdict,
                         const WantedVerdict& asked, const Output& out);

// "1.25"
std::string milliseconds(u64 ns);

}  // namespace skep::cli
