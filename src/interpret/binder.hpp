// Makes Images from code, whoever vouches for it: a VerifiedProgram, or the checks of a confined run.
#pragma once

#include "interpret/interpret.hpp"

namespace skep::interpret {

struct Binder {
  // Precondition: `code` is a whole program that decode() could have made, and ends in a transfer.
  static Image bind(isa::Code code, const platform::Bindings& bindings);
};

}  // namespace skep::interpret
