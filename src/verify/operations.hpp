// Programs of struct_ops: their arguments are those of the member that they are, and some fields of
// the kernel may be written.
#pragma once

#include "verify/kernel_types.hpp"

namespace skep::verify {

// The prototype of the member, or why there is none; without arguments when the program is in no
// structure of operations, which is refused where one is read.
Check find_operation(const Analysis& analysis, KernelPrototype& out);
Refusal no_operation(const platform::Program& program);
// An argument is what the operations' owner knows that it is.
void promote_for_operation(const Analysis& analysis, Value& argument);
// Whether a store through `pointer`, to a structure of the kernel, is one to such a field.
bool may_write_for_operation(const Analysis& analysis, const Value& pointer, const Access& access);

}  // namespace skep::verify
