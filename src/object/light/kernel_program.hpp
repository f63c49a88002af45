// One program as BPF_PROG_LOAD takes it, but for what only the running kernel knows.
//
// Maps are named by their numbers, which are positions in fd_array (BPF_PSEUDO_MAP_IDX). CO-RE
// relocations are left to the kernel, with the instructions as the compiler wrote them. Where a
// symbol of the kernel goes, the instruction says "not there", as for a weak one, until the loader
// program has found it.
#pragma once

#include <string>
#include <vector>

#include "isa/instruction.hpp"
#include "object/btf_ext_layout.hpp"
#include "object/light/attributes.hpp"
#include "object/object.hpp"

namespace skep::object::light {

// An instruction that gets a symbol of the kernel: a call of a function, or a constant of 64 bits.
struct SymbolUse {
  u32 slot;
  u32 external;  // in Object::externs()
  u32 addend;
  bool is_call;
};

struct KernelProgram {
  std::vector<isa::Slot> slots;
  std::vector<SymbolUse> symbols;
  // Empty when the object says nothing of a function's type: then the kernel takes none.
  std::vector<FunctionInfo> functions;
  std::vector<LineRecord> lines;
  std::vector<CoreInfo> core;
};

// `number` counts Object::programs().
Result<KernelProgram> kernel_program(const Object& object, u32 number);

}  // namespace skep::object::light
