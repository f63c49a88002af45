// Instructions that may leave a function in its middle: legacy packet loads, whose hidden exit
// returns 0 when the packet is too short, and tail calls. The walks take that way, too
// (load_packet() of both).
#pragma once

#include "verify/analysis.hpp"

namespace skep::verify {

// By the kernel's rules: a function of the program that may be left so returns an int, as its types
// say (check_btf_func and check_abnormal_return in kernel/bpf/verifier.c). `what` is for messages.
Check check_may_leave(const Analysis& analysis, const State& state, std::string_view what);

}  // namespace skep::verify
