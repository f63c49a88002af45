// Random programs that are nearly valid, to test the verifier by running what it accepts.
//
// Programs are written as compilers write them: packet pointers with comparisons, map lookups with
// null checks, spills, bounded numbers as offsets, loops, calls. The writer keeps a rough idea of
// what each register holds, and errs now and then: a bound off by one, a check left out, a register
// mixed up. So about half of the programs are safe, and the others are nearly so.
#pragma once

#include <memory>

#include "platform/program.hpp"
#include "support/choices.hpp"

namespace skep::test {

// The maps of every random program: an array, a hash, a ring, globals and constants.
std::shared_ptr<const std::vector<platform::MapSpec>> random_maps();

struct RandomProgram {
  std::shared_ptr<const platform::Program> program;
  // The writer erred: what the program does may depend on addresses, if it is accepted at all.
  bool erred = false;
};
RandomProgram random_program(Choices choices);

}  // namespace skep::test
