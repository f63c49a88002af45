// Programs that the kernel types: their arguments are those of one of its functions, and pointers
// lead from structure to structure, by the kernel's own BTF.
#pragma once

#include "verify/analysis.hpp"
#include "verify/context.hpp"

namespace skep::verify {

// Whether programs of this type and attach type are typed by the kernel.
bool is_typed_by_kernel(const platform::Program& program);
// The prototype, or why there is none.
Check find_prototype(const Analysis& analysis, KernelPrototype& out);

// The prototype behind pointers and functions; void when there is none.
btf::TypeId prototype_behind(const btf::Types& types, btf::TypeId id);
Refusal no_kernel_types(const platform::Program& program);
// What a loaded pointer is to the program, by what it points to; one to numbers or to nothing known
// is a number.
Value kernel_value(const btf::Types& types, btf::TypeId target);

// Memory of no known size, which is read so that it cannot fail.
Value untrusted_memory();

// A load from such a context.
Check load_argument(Analysis& analysis, const Value& pointer, const Access& access, Value& out);
// The address of a variable or a function of the kernel: number of an extern.
Check load_variable(const Analysis& analysis, u32 number, Value& out);
// A load through Kind::kernel.
struct KernelAccess {
  const Value& pointer;
  const Access& access;
};
Check load_kernel(Analysis& analysis, const State& state, const KernelAccess& of, Value& out);
// Whether a pointer is one to a structure of one of these names ("sock|sock_common"), or to one
// that begins with it.
bool points_to(const Analysis& analysis, const Value& pointer, std::string_view names);
// Why bytes of a structure are no member, or part of one, that can be read at once; or empty.
std::string problem_of_field(const btf::Types& types, btf::TypeId structure, u64 offset, u32 bytes);
// The BTF id of a structure of the kernel, 0 if it has none.
btf::TypeId structure_of_kernel(const Analysis& analysis, std::string_view name);

}  // namespace skep::verify
