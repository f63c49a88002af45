// Machine code as text: what a JIT made of a program, kernel's or ours.
//
// In: bytes of x86-64 code and the address that they run at. Out: one line an instruction, in the
// AT&T syntax that bpftool and objdump print; bytes that are no instruction are ".byte". Jumps and
// calls name absolute addresses. The Zydis library does it, which is loaded at the first question,
// so that a command that asks none starts without it. Fault::unsupported: other machines than
// x86-64, and where the library is not installed.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/types.hpp"
#include "skep/result.hpp"

namespace skep::text {

struct MachineInstruction {
  u64 offset = 0;  // into the code
  u32 bytes = 0;
  std::string text;  // "movq %rsp, %rbp"
};
Result<std::vector<MachineInstruction>> machine_instructions(std::span<const std::byte> code,
                                                             u64 address);

}  // namespace skep::text
