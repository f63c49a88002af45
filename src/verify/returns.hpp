// What a program returns, or gives up with: by the kernel's rules some types must return a number
// inside of a range (platform/returns.hpp), and by both, the user engine's programs a number.
#pragma once

#include <string_view>

#include "verify/analysis.hpp"

namespace skep::verify {

// The value in `r` at the end of the program: r0 of an exit, r1 of a call of bpf_throw() that no
// callback answers. Whose it is and what that does, for a refusal: "main returns".
struct Returned {
  u8 r;
  std::string_view who;
  std::string_view does;
};
Check check_returned(Analysis& analysis, const State& state, const Returned& returned);

}  // namespace skep::verify
