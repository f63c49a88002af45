// Code for any of the machines, to be looked at: it is never run.
//
// In: a VerifiedProgram, its Bindings, and a machine. Out: the code that a skep on the plainest
// processor of such a machine would run, as if it stood near the functions that it calls.
#pragma once

#include <vector>

#include "platform/architecture.hpp"
#include "platform/machine.hpp"
#include "verify/verify.hpp"

namespace skep::jit {

struct ForeignCode {
  std::vector<u8> bytes;
  std::vector<platform::CodePlace> places;  // as those of Compiled
};

ForeignCode compile_for(platform::Architecture machine, const verify::VerifiedProgram& program,
                        const platform::Bindings& bindings);

}  // namespace skep::jit
