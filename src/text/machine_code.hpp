// Machine code as text: what a JIT made of a program, kernel's or ours.
//
// In: bytes of code, the machine that they are for, and the address that they run at. Out: one line
// an instruction: of x86-64 in the AT&T syntax that bpftool and objdump print, of aarch64 in Arm's;
// bytes that are no instruction are ".byte" or ".word". Jumps and calls name absolute addresses.
// The libraries Zydis and Capstone do it, which are loaded at the first question, so that a command
// that asks none starts without them. Fault::unsupported: where the library is not installed.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/types.hpp"
#include "platform/architecture.hpp"
#include "skep/result.hpp"

namespace skep::text {

struct MachineInstruction {
  u64 offset = 0;  // into the code
  u32 bytes = 0;
  std::string text;  // "movq %rsp, %rbp"
};
Result<std::vector<MachineInstruction>> x86_64_instructions(std::span<const std::byte> code,
                                                            u64 address);
Result<std::vector<MachineInstruction>> aarch64_instructions(std::span<const std::byte> code,
                                                             u64 address);

inline Result<std::vector<MachineInstruction>> machine_instructions(
    std::span<const std::byte> code, u64 address,
    platform::Architecture machine = platform::kThisArchitecture) {
  using platform::Architecture;
  return machine == Architecture::aarch64 ? aarch64_instructions(code, address)
                                          : x86_64_instructions(code, address);
}

}  // namespace skep::text
