// The rules that a program must keep, each with a stable name and advice.
//
// A Report names the rule that was not proved. The names are part of the command line's contract
// (JSON, documentation, tests); the advice is what usually helps.
#pragma once

#include <string_view>

#include "base/enum_array.hpp"

namespace skep::verify {

enum class Property : u8 {
  control_flow,
  unreachable_code,
  recursion,
  infinite_loop,
  too_complex,
  stack_depth,
  uninitialised_register,
  uninitialised_stack,
  frame_pointer,
  constant_operand,
  pointer_arithmetic,
  not_a_pointer,
  null_check,
  packet_bounds,
  map_value_bounds,
  record_bounds,
  memory_bounds,
  stack_bounds,
  stack_alignment,
  stack_object,
  context_access,
  kernel_memory,
  read_only,
  mixed_access,
  atomic_access,
  core_relocation,
  attach_target,
  unknown_helper,
  helper_not_allowed,
  kernel_only,
  helper_argument,
  kernel_function,
  function_argument,
  gpl_only,
  privilege,
  pointer_leak,
  speculation,
  held_reference,
  section,
  special_field,
  own_object,
  lock,
  exception,
  arena,
  return_value,
  unsupported,
  count_
};

struct PropertyRow {
  std::string_view name;
  std::string_view rule;
  std::string_view advice;
};

// clang-format off
inline constexpr EnumArray<Property, PropertyRow> kProperties({
    {Property::control_flow, {"control-flow", "every path stays inside its function and ends with exit", ""}},
    {Property::unreachable_code, {"unreachable-code", "every instruction can be reached", "remove the code, or the jump that skips it"}},
    {Property::recursion, {"recursion", "functions do not call themselves, and calls nest at most 8 deep", "turn the recursion into a bounded loop"}},
    {Property::infinite_loop, {"infinite-loop", "every loop ends", "bound the loop with a counter that changes in each round"}},
    {Property::too_complex, {"too-complex", "the walk over all paths ends within the limit", "bound the loops more tightly, or split the program with tail calls"}},
    {Property::stack_depth, {"stack-depth", "the frames of a chain of calls fit into 512 bytes together", "move large local variables into a map"}},
    {Property::uninitialised_register, {"uninitialised-register", "a register is written before it is read", "set it on every path that leads here"}},
    {Property::uninitialised_stack, {"uninitialised-stack", "stack memory is written before it is read", "initialise the variable, padding included: `= {}` or __builtin_memset"}},
    {Property::frame_pointer, {"frame-pointer", "r10 is not written", ""}},
    {Property::constant_operand, {"constant-operand", "no number is divided by the constant 0, or shifted by as many bits as it has", "the compiler makes such code where the source has no defined meaning"}},
    {Property::pointer_arithmetic, {"pointer-arithmetic", "pointers are only moved, by bounded numbers", "compute the offset as a number first and bound it"}},
    {Property::not_a_pointer, {"not-a-pointer", "memory is reached through pointers", ""}},
    {Property::null_check, {"null-check", "a pointer that may be null is compared with null before it is used", "add `if (!pointer) return ...;` before the first use"}},
    {Property::packet_bounds, {"packet-bounds", "bytes of the packet are read only where they were compared with data_end", "compare first: `if (data + offset + size > data_end) return ...;`"}},
    {Property::map_value_bounds, {"map-value-bounds", "accesses stay inside the map's value", "bound the index on both sides before using it"}},
    {Property::record_bounds, {"record-bounds", "accesses stay inside the reserved record", "reserve as many bytes as are written"}},
    {Property::memory_bounds, {"memory-bounds", "accesses stay inside memory of known size: what a function was given, or a call returned", "the size is that of the type that the parameter points to, or what the call was asked for"}},
    {Property::stack_bounds, {"stack-bounds", "accesses stay inside the 512 bytes of the frame", "bound the index on both sides before using it"}},
    {Property::stack_alignment, {"stack-alignment", "stack accesses are aligned to their size", "align the variable"}},
    {Property::stack_object, {"stack-object", "dynptrs, iterators and interrupt flags on the stack are made, used and destroyed by the kernel's functions alone", ""}},
    {Property::context_access, {"context-access", "only the fields of the context that this program type may use are read or written, as they are declared", ""}},
    {Property::kernel_memory, {"kernel-memory", "structures of the kernel are read by their fields, and not written", "read whole fields, by their names; what the types do not say is read by bpf_probe_read_kernel"}},
    {Property::read_only, {"read-only", "read-only memory is not written", "remove `const` if the variable has to change, or write to another map"}},
    {Property::mixed_access, {"mixed-access", "one instruction reaches either the context, or the arena, or other memory", "access them in different branches"}},
    {Property::atomic_access, {"atomic-access", "atomic operations work on aligned map, stack or record memory", "copy the value to the stack or a map first"}},
    {Property::core_relocation, {"core-relocation", "what a program reads by CO-RE exists in the types that it is relocated against", ""}},
    {Property::attach_target, {"attach-target", "the kernel takes programs of that kind at what they are attached to", ""}},
    {Property::unknown_helper, {"unknown-helper", "called helpers exist and are provided", ""}},
    {Property::helper_not_allowed, {"helper-not-allowed", "called helpers are allowed for the program type", ""}},
    {Property::kernel_only, {"kernel-only", "helpers that work on the kernel itself are called in the kernel only", "run it there: --engine kernel"}},
    {Property::helper_argument, {"helper-argument", "helpers get arguments of the kinds and sizes that they take", ""}},
    {Property::kernel_function, {"kernel-function", "functions of the kernel are called by the programs that may, with the arguments that they take", ""}},
    {Property::function_argument, {"function-argument", "global functions get arguments of the types that they declare", ""}},
    {Property::gpl_only, {"gpl-only", "GPL-only helpers are called by GPL-compatible programs", "declare `char LICENSE[] SEC(\"license\") = \"GPL\";` if that is the licence"}},
    {Property::privilege, {"privilege", "who loads a program has the capabilities for what it does", ""}},
    {Property::pointer_leak, {"pointer-leak", "addresses of the kernel stay in the program", ""}},
    {Property::speculation, {"speculation", "pointers stay inside of what they point into, whatever a processor runs ahead of", ""}},
    {Property::held_reference, {"held-reference", "what a call reserved or looked up with a reference is given back exactly once on every path", "give it back before every return: bpf_ringbuf_submit or bpf_ringbuf_discard, bpf_sk_release"}},
    {Property::section, {"section", "sections of RCU and those without preemption or interrupts are left on every path, and nothing in them sleeps", ""}},
    {Property::special_field, {"special-field", "locks, timers and pointers into the kernel in a map's value are reached by the calls that are made for them", ""}},
    {Property::own_object, {"own-object", "objects that a program allocates are reached by the members of their structures", ""}},
    {Property::lock, {"lock", "one lock is held at a time, for few instructions: it is given back before the program ends and before other calls", "copy what is needed while the lock is held, and call afterwards"}},
    {Property::exception, {"exception", "bpf_throw gets a number, and an exception callback is a global function of one number that only bpf_throw calls and that does not throw", ""}},
    {Property::arena, {"arena", "a program names one arena, and reaches it through pointers that are cast; helpers do not take them", ""}},
    {Property::return_value, {"return-value", "the program returns a number", "set the return value on every path"}},
    {Property::unsupported, {"unsupported", "only features that this version of skep verifies are used", ""}},
});
// clang-format on

}  // namespace skep::verify
