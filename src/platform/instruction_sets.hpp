// Which instruction set an instruction belongs to, and since which kernel release it is understood.
//
// v1 to v4 are the sets that clang's -mcpu names; what no -mcpu asks for, and what an operand means
// only since some release, has a row of its own. Follows Documentation/bpf/standardization and the
// history of kernel/bpf/core.c and verifier.c of Linux.
#pragma once

#include <string_view>

#include "base/enum_array.hpp"
#include "isa/instruction.hpp"

namespace skep::platform {

enum class InstructionSet : u8 {
  v1,
  v2,                   // jumps if less
  local_calls,          // functions that call each other
  v3,                   // 32-bit jumps
  map_values,           // constants that point into a map: global variables
  kernel_variables,     // constants that point to a variable of the kernel
  fetching_atomics,     // v3, but known later: exchanges and fetching operations
  kernel_functions,     // calls of kernel functions
  functions_as_values,  // callbacks
  v4,                   // signed division, sign extension, byte swaps, long jumps
  may_goto,
  address_space_casts,  // pointers into arenas
  ordered_accesses,     // load-acquire and store-release
  unknown,              // to skep
  count_
};

struct InstructionSetRow {
  std::string_view name;   // "v3", "callbacks"
  std::string_view since;  // first kernel release that knows it; empty when unknown
};
const InstructionSetRow& row(InstructionSet set);

InstructionSet instruction_set(const isa::Instruction& instruction);

}  // namespace skep::platform
