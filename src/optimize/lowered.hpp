// A body in the compiler's machine-neutral form, and what each of its operations was made of.
//
// The passes of src/jit work on it as they do for machine code; encode.hpp makes instructions of
// what comes out. An instruction that a relocation or CO-RE fills in is shown to them as one of
// which nothing is known: it reads and writes its registers, and stays.
#pragma once

#include "jit/operation.hpp"
#include "optimize/body.hpp"

namespace skep::optimize {

struct Lowered {
  jit::Unit unit;
  std::vector<jit::Operation> first;  // by step: as it was lowered; those that are part of the
                                      // next one have kind nothing
  std::vector<u32> begin;             // by step: the first of those that its operation is made of

  // Whether it still is what it was lowered from. Widths of arithmetic do not count: the kernel's
  // verifier knows more of a number when it is computed as it was written.
  bool is_unchanged(const jit::Operation& operation) const;
};

// Nothing for a body that has what the passes do not know.
std::optional<Lowered> lower(const Body& body, const Knowledge& knowledge);

}  // namespace skep::optimize
