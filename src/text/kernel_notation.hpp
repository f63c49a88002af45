// Instructions as the kernel's verifier and bpftool print them: `(61) r2 = *(u32 *)(r1 +0)`.
//
// For logs that people and programs read with the habits and parsers that they have. Follows
// kernel/bpf/disasm.c; maps and functions of the kernel stand with their names, where the kernel
// has addresses and numbers of types. Nothing reads it back: the notation of text.hpp is for that.
#pragma once

#include <string>
#include <vector>

#include "text/text.hpp"

namespace skep::text {

class KernelNotation {
 public:
  // Both outlive it. Slots of `code` are assigned.
  KernelNotation(std::span<const isa::Instruction> code, const Names& names);

  std::string operator()(isa::InstructionIndex at) const;

 private:
  std::span<const isa::Instruction> code_;
  Names names_;
  std::vector<isa::Slot> slots_;  // for their opcodes; empty when the code cannot be encoded
};

}  // namespace skep::text
