// Functions of the program that a helper calls.
#pragma once

#include "verify/arguments.hpp"

namespace skep::verify {

// Whether an instruction takes the address of a function of the program.
inline bool names_function(const isa::Instruction& i) {
  return i.form == isa::Form::constant && i.constant() == isa::Constant::function;
}
// Whether what this helper calls is known, and walked.
bool calls_back(const platform::HelperRow& helper);
// Whether it keeps a function for later, which is walked on its own.
bool calls_later(const platform::HelperRow& helper);
// Whether an instruction calls a helper that calls back, or one that keeps a function.
bool takes_function(const isa::Instruction& i);
bool keeps_function(const platform::Program& program, isa::InstructionIndex at);

// Whether the helper may call the function once more, after it did so in `rounds` of the frame.
bool may_call_again(Analysis& analysis, const State& state, const Call& call);
// How often at most the helper called at `at` calls its function, where something says so.
std::optional<u64> calls_max(const platform::Program& program, const State& state,
                             isa::InstructionIndex at);
// The frame of the function as the helper enters it.
Frame callback_frame(Analysis& analysis, const State& state, const Call& call);
// The state in which a function begins that was kept for later.
State later_state(Analysis& analysis, const Later& later);
// Its end: what it returns, and what it holds.
Check check_later_end(Analysis& analysis, const State& state);
// What the function in the innermost frame, which is a callback, may return.
Check check_callback_result(Analysis& analysis, const State& state);

}  // namespace skep::verify
