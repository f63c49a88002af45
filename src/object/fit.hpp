// Whether a program of an object would run on a machine of which only the types are at hand.
//
// Three things have to be there: the hook, what CO-RE asks for on any way that can be taken, and
// the kernel functions and variables that are not weak. What cannot be known from types (helpers,
// privileges, the verdict of that kernel's verifier) is not part of the answer.
#pragma once

#include "object/hooks.hpp"

namespace skep::object {

struct Problem {
  std::string message;
  std::string file;  // where in the source; empty when it is not known
  u32 line = 0;
};

struct Fit {
  Hook hook;
  std::vector<Problem> problems;

  bool is_certain() const { return hook.state != HookState::unknown; }
  bool fits() const { return hook.state != HookState::absent && problems.empty(); }
};

// `object` is a copy: its externs are resolved against `machine`.
Fit fit(Object object, const ProgramEntry& program, const btf::Targets& machine);

}  // namespace skep::object
