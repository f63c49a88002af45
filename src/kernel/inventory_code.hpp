// The code of a loaded program: as the verifier rewrote it, as machine code, and what ties both to
// functions and source lines.
//
// In: a descriptor. Out: plain values, as the kernel has them; empty lists where it does not show
// them to this process. `xlated` is what the kernel calls the program after its own changes: calls
// of helpers that it inlined are gone or go to kernel functions.
#pragma once

#include <string>
#include <vector>

#include "isa/instruction.hpp"
#include "kernel/inventory.hpp"

namespace skep::kernel {

struct ProgramCode {
  std::vector<isa::Slot> xlated;
  std::vector<std::byte> jited;
  std::vector<u64> function_addresses;            // of jited functions
  std::vector<u32> function_bytes;                // of each
  std::vector<platform::FunctionInfo> functions;  // offsets count slots
  std::vector<platform::LineInformation> lines;
  std::vector<u64> jited_lines;  // address of the machine code of each line
};
Result<ProgramCode> program_code(const Fd& fd);

// `code` with what only the kernel understands put into the form that skep's own programs have: map
// constants hold numbers of `maps`, calls of kernel functions numbers of `names`.
struct ReadableCode {
  isa::Code code;
  std::vector<u32> map_ids;        // by number
  std::vector<std::string> names;  // of kernel functions, by number
};
Result<ReadableCode> readable(const std::vector<isa::Slot>& xlated);

}  // namespace skep::kernel
