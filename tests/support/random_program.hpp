// Random programs that are nearly valid, to test the verifier by running what it accepts.
//
// Programs are written as compilers write them: packet pointers with comparisons, map lookups with
// null checks, spills, bounded numbers as offsets, loops, calls. The writer keeps a rough idea of
// what each register holds, and errs now and then: a bound off by one, a check left out, a register
// mixed up. So about half of the programs are safe, and the others are nearly so.
#pragma once

#include <memory>
#include <span>

#include "platform/program.hpp"

namespace skep::test {

// Where choices come from: a seed, or a fuzzer's bytes (zeroes behind their end).
class Choices {
 public:
  explicit Choices(u64 seed) : state_(seed * 0x9e3779b97f4a7c15 + 1) {}
  explicit Choices(std::span<const u8> bytes) : bytes_(bytes), from_bytes_(true) {}

  u32 below(u32 bound) { return bound == 0 ? 0 : next() % bound; }
  bool one_in(u32 n) { return below(n) == n - 1; }

 private:
  u32 next();
  u64 state_ = 0;
  std::span<const u8> bytes_{};
  bool from_bytes_ = false;
};

// The maps of every random program: an array, a hash, a ring, globals and constants.
std::shared_ptr<const std::vector<platform::MapSpec>> random_maps();

std::shared_ptr<const platform::Program> random_program(Choices choices);

}  // namespace skep::test
