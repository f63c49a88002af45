// Calls of the kernel's functions (kfuncs), by the kernel's rules.
//
// What each takes and returns stands in the kernel's BTF, with what the types cannot say in the
// names of the parameters (`size__sz`, `type__k`; Documentation/bpf/kfuncs.rst) and in the flags of
// platform/kernel_calls.hpp. A call goes three ways: its arguments (kernel_arguments.cpp), what it
// does to the sections and to what is held, and its result (kernel_results.cpp). The rules are
// those of check_kfunc_args and check_kfunc_call in kernel/bpf/verifier.c of Linux 6.18.
#pragma once

#include "platform/kernel_calls.hpp"
#include "verify/stack_objects.hpp"

namespace skep::verify {

// What an argument is, by its type and its name.
enum class KernelArgument : u8 {
  ignored,    // anything, or nothing
  number,     // a scalar
  context,    // the program's own
  null,       // of a parameter that may be null
  allocated,  // what bpf_obj_new gave
  counted,    // the same, with a count of references in it
  dynptr,
  iterator,
  list_head,
  list_node,
  tree_root,
  tree_node,
  text,  // zero-terminated, in read-only memory
  map,
  work_queue,
  task_work,
  irq_flag,
  spin_lock,
  structure,  // of the kernel
  function,   // of the program
  memory,     // as much as its type has
  sized_memory,
};

// What the arguments of one call have shown so far.
struct KernelCall {
  const platform::KernelFunctionRow& row;
  isa::InstructionIndex at;
  btf::TypeId prototype;
  u32 reference = 0;                  // of the last argument that has one
  u32 given_back = 0;                 // the same, of functions that release it
  std::optional<u64> constant{};      // of the argument that is to be one
  btf::TypeId returned = btf::kVoid;  // the structure, where the prototype does not say which
  // Of those on objects of the program's own and on special fields (own_objects.hpp):
  struct Own {
    u32 type = 0;  // of the program; 0: it returns none
    s64 offset = 0;
  } own{};
  bool is_never_null = false;      // what it returns
  const MapField* root = nullptr;  // the list or tree
  u32 handed_on = 0;               // the reference that a list or tree takes over
  s32 map = -1;                    // that the field is in
  u32 map_reference = 0;
  s32 function = -1;                  // of the program, that it calls
  std::optional<Dynptr> dynptr{};     // the last one that was made before
  btf::TypeId iterator = btf::kVoid;  // its type
  ObjectPlace place{};                // where it stands
  bool is_rcu = false;                // its elements are valid in an RCU section
  bool is_drained = false;            // it gave its last element before
};

// An argument: register and parameter.
struct KernelParameter {
  u8 r;
  btf::Parameter declared;
  btf::TypeId target = btf::kVoid;  // what it points to, without const and its like
  KernelArgument kind = KernelArgument::ignored;
};

// The extern that the instruction calls, or null. Weak ones that are not there are none.
const platform::Extern* kernel_function_at(const platform::Program& program,
                                           isa::InstructionIndex at);
// The row of the function that the instruction calls, or null.
const platform::KernelFunctionRow* kernel_row_at(const platform::Program& program,
                                                 isa::InstructionIndex at);
// Whether the program may call it at all.
Check check_may_call(const Analysis& analysis, isa::InstructionIndex at,
                     const platform::KernelFunctionRow*& row);
Check do_kernel_call(Analysis& analysis, State& state, isa::InstructionIndex at);
// The same in two parts: what is called, and the call itself.
Check find_kernel_call(const Analysis& analysis, isa::InstructionIndex at,
                       std::optional<KernelCall>& call);
Check run_kernel_call(Analysis& analysis, State& state, KernelCall& call);

// What a parameter is by the end of its name.
inline bool ends_in(const btf::Parameter& parameter, std::string_view ending) {
  return parameter.name.ends_with(ending);
}
// What argument `of.r` is; refused where the register shows that it is none.
Check find_kernel_argument(const Analysis& analysis, const State& state, const KernelCall& call,
                           KernelParameter& of);
// Whether a type is made of numbers only, so that it may be any memory
// (__btf_type_is_scalar_struct).
bool is_plain_structure(const btf::Types& types, btf::TypeId id, int depth = 0);
Refusal bad_kernel_argument(const KernelCall& call, const State& state, u8 r,
                            std::string_view wanted);
Refusal kernel_argument_not_yet(const KernelCall& call, u8 r);
// "sock" of a socket, where a pointer is to the kernel one to a structure of its own; or empty.
std::string_view kernel_name_of(Kind kind);

Check check_kernel_arguments(Analysis& analysis, State& state, KernelCall& call);
Check set_kernel_result(Analysis& analysis, State& state, const KernelCall& call);

// Whether the pointer leads to a structure `wanted`, or (unless `strict`) to one that has it at the
// pointer's offset.
enum class Match : u8 { exact, embedded };
bool is_structure_of(const Analysis& analysis, const Value& pointer, btf::TypeId wanted,
                     Match match);
// What a program's context is to the kernel: "struct xdp_buff" of struct xdp_md, as struct
// bpf_ctx_convert of its types says; void when it is no structure.
btf::TypeId kernel_context(const Analysis& analysis);

}  // namespace skep::verify
