// A program that the verifier accepts must not fault, must mean the same in every tier, and must be
// accepted without pruning too. The input chooses what the writer of tests/support writes.
#include <cstdio>
#include <cstdlib>

#include "engines/soundness.hpp"
#include "support/random_program.hpp"

extern "C" int LLVMFuzzerTestOneInput(const skep::u8* data, std::size_t size) {
  using namespace skep;
  const auto [program, erred] = test::random_program(test::Choices(std::span(data, size)));
  const auto tiers = erred ? soundness::Tiers::checked : soundness::Tiers::all;
  bool ignored = false;
  static const auto runner = soundness::Runner::of(test::random_maps());
  std::string wrong =
      soundness::complaint(program, *runner, soundness::random_inputs(size, 4), tiers, ignored);
  if (wrong.empty()) wrong = soundness::walking_complaint(program, 5000, ignored);
  if (wrong.empty()) return 0;
  std::fprintf(stderr, "%s\n", wrong.c_str());
  std::abort();
}
