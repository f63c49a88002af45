// Who wants to see the walk, instruction by instruction: logs, and explanations of a refusal.
//
// The walk calls an Observer that Limits names, in the order in which it goes; without one it asks
// a pointer that is null. A way is identified by marks: the steps of all paths are numbered, and a
// moment's mark is the number of the step before it, so that (mark, at) is the same moment in every
// walk of the same program with the same Limits.
#pragma once

#include <optional>

#include "verify/state.hpp"

namespace skep::verify {

struct Moment {
  isa::InstructionIndex at;
  const State& state;
  s32 mark = -1;  // the step before; -1 at the start
};

class Observer {
 public:
  virtual ~Observer() = default;
  // A function is walked from its beginning: the program's own, or a global one.
  virtual void function_begins(u32 /*number*/) {}
  // A path begins, or another way of `from`, which has waited, is walked.
  virtual void path_begins(std::optional<isa::InstructionIndex> /*from*/, const Moment&) {}
  // Right before, and right behind, an instruction; the second only when the path goes on. Behind
  // it `at` is still the instruction that was walked.
  virtual void before(const Moment&) {}
  virtual void after(const Moment&) {}
  // The path ends here, because what comes was proved before.
  virtual void path_is_safe(isa::InstructionIndex /*at*/) {}
};

}  // namespace skep::verify
