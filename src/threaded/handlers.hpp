// The functions that run Steps, by code.
#pragma once

#include "threaded/shape.hpp"
#include "threaded/step.hpp"

namespace skep::threaded {

// Of one operation. Precondition: exists(shape_of(code)).
Run handler_of(Code code);

}  // namespace skep::threaded
