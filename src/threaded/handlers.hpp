// The functions that run Steps, by code.
#pragma once

#include "threaded/shape.hpp"
#include "threaded/step.hpp"

namespace skep::threaded {

// Of one operation. Precondition: exists(shape_of(code)).
Run handler_of(Code code);
// Of an operation and the one behind it: a row of threaded/pairs.hpp, or null.
Run handler_of(Code first, Code second);

// Runs Steps to the exit. The value is r0.
u64 run(State& state, const Step* at);

}  // namespace skep::threaded
