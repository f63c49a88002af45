// The pipeline of the compiler, for programs whoever vouches for them.
//
// jit.hpp has the doors; this is what both of them, and the tests, go through.
#pragma once

#include "jit/jit.hpp"
#include "jit/lower.hpp"
#include "jit/target.hpp"

namespace skep::jit {

// What lower() gave, in fewer and better operations: combine to widen, as jit.hpp lists them.
void reduce(Unit& unit, const platform::Bindings& bindings, const Addressing& addressing,
            const RegisterFile& file = {});

class Compiler {
 public:
  // Preconditions: trust is Trust::verified and rightly so; every helper that is called is bound.
  static Result<Compiled> compile(const Source& source, const platform::Bindings& bindings,
                                  const target::Target& machine);
};

// What this process's processor can do, and where its code will be.
Result<target::Target> this_machine();

// Code of a confined run, in pages of its own.
using ConfinedEntry = u64 (*)(void* memory, State* state);

Source source_of(const verify::VerifiedProgram& program);

}  // namespace skep::jit
