// One program as BPF_PROG_LOAD takes it, but for what only the running kernel knows.
//
// Maps are named by their numbers, which are positions in fd_array (BPF_PSEUDO_MAP_IDX). CO-RE
// relocations are put into the instructions, or left to the kernel with the instructions as the
// compiler wrote them. What CO-RE did not find becomes a call of a helper that does not exist, as
// libbpf writes it, so that the verifier refuses paths that reach it and only those. Where a symbol
// of the kernel goes, the instruction says "not there", as for a weak one, until the loader has
// found it.
#pragma once

#include <string>
#include <vector>

#include "isa/instruction.hpp"
#include "object/btf_ext_layout.hpp"
#include "object/object.hpp"
#include "platform/bpf_attributes.hpp"

namespace skep::object {

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
  std::vector<platform::FunctionInfo> functions;
  std::vector<LineRecord> lines;
  std::vector<platform::CoreInfo> core;              // with Core::leave
  std::vector<platform::Unresolved> unresolved;      // with Core::apply
  std::shared_ptr<const platform::Program> program;  // that it was made from, for messages
};

// The helper that is called where CO-RE found nothing.
inline constexpr s32 kNoSuchHelper = 195896080;

// `number` counts Object::programs().
Result<KernelProgram> kernel_program(const Object& object, u32 number,
                                     const LinkOptions& options = {.core = Core::leave});

// What bpf(2) is told of a program beside addresses, descriptors and its target.
platform::LoadProgram load_attributes(const ProgramEntry& entry, const KernelProgram& program);

}  // namespace skep::object
