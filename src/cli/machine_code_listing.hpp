// skep prog dump jited: a loaded program's machine code, as `bpftool prog dump jited`.
//
// A line an instruction, under the names of functions and the source lines that they come from,
// where the kernel gives them. Behind the program stand bpftool's words: `opcodes` shows the bytes
// too, `linum` where a source line is, in full. Where there is no disassembler
// (text/machine_code.hpp) the bytes are shown and a note says why.
#pragma once

#include "btf/types.hpp"
#include "cli/arguments.hpp"
#include "cli/output.hpp"
#include "kernel/inventory_code.hpp"

namespace skep::cli {

struct MachineCodeStyle {
  bool has_opcodes = false;  // opcodes
  bool has_places = false;   // linum
};
// From the words behind the program. Fault::usage: others, and these of instructions.
Result<MachineCodeStyle> machine_code_style(const Arguments& arguments);

struct LoadedCode {
  const kernel::Program& facts;
  const kernel::ProgramCode& code;
  const btf::Types& types;
};
Result<int> dump_machine_code(const LoadedCode& loaded, const MachineCodeStyle& style, Output& out);

// What the kernel has and does not show: machine code or instructions.
Error not_shown(const kernel::Program& facts, std::string_view what);
std::string function_name(const btf::Types& types, u32 id, std::size_t number);
// A string of the types; empty where there is none.
std::string_view text_of(const btf::Types& types, u32 offset);

}  // namespace skep::cli
