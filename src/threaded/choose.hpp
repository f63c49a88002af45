// Operations to shapes and Steps, one at a time.
#pragma once

#include "jit/operation.hpp"
#include "threaded/shape.hpp"
#include "threaded/step.hpp"

namespace skep::threaded {

struct Choice {
  Shape shape;
  Step step = {};                 // but for its handler, and for addresses that are not known here
  jit::Registers from_state = 0;  // what is read there
};

// For an operation in front of which `last` is known to hold that register, or none.
Choice choose(const jit::Operation& op, jit::Register last);

// The register that `last` holds behind an operation.
jit::Register last_after(const jit::Operation& op, jit::Register last);

}  // namespace skep::threaded
