// Makes Images from code, whoever vouches for it: a VerifiedProgram, or the checks of a confined
// run.
#pragma once

#include "interpret/interpret.hpp"

namespace skep::interpret {

struct Binder {
  // Precondition: `code` is a whole program that decode() could have made, and ends in a transfer.
  static Image bind(isa::Code code, const platform::Bindings& bindings);

  // The access `at` is through half an address. Nothing of it is changed, if it is none.
  static void reach_arena(Image& image, std::size_t at);

  // What a frame must find zero, as the immediate of the Step that enters it: the number of bytes
  // above, their first offset from the frame's end below.
  static u64 zeroed(const verify::FrameUse& frame);
};

}  // namespace skep::interpret
