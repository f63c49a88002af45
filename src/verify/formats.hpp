// The format of bpf_snprintf(), by the kernel's rules.
#pragma once

#include "verify/arguments.hpp"

namespace skep::verify {

// After the arguments were checked: r3 is text in read-only memory, r5 a number of bytes.
Check check_format(const Analysis& analysis, const State& state, const Call& call);

}  // namespace skep::verify
