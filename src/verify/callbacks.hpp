// Functions of the program that a helper calls.
#pragma once

#include "verify/arguments.hpp"

namespace skep::verify {

// Whether an instruction takes the address of a function of the program.
bool names_function(const isa::Instruction& i);
// Whether what this helper calls is known, and walked.
bool calls_back(const platform::HelperRow& helper);
// Whether an instruction calls such a helper.
bool takes_function(const isa::Instruction& i);

// Whether the helper may call the function once more, after it did so in `rounds` of the frame.
bool may_call_again(Analysis& analysis, const State& state, const Call& call);
// The frame of the function as the helper enters it.
Frame callback_frame(Analysis& analysis, const State& state, const Call& call);
// What the function in the innermost frame, which is a callback, may return.
Check check_callback_result(Analysis& analysis, const State& state);

}  // namespace skep::verify
