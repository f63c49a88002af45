// Instructions as `skep disasm` and `skep dump --source` print them: a line each, under the names
// of functions and, when asked for, the lines of source that they were made from. Of what is no
// instruction that skep knows, the bytes are printed. Under each instruction stands the machine
// code that was made from it, where there is some.
#pragma once

#include "cli/output.hpp"
#include "platform/machine.hpp"
#include "platform/program.hpp"
#include "text/machine_code.hpp"

namespace skep::cli {

// What a compiler made of the instructions.
struct MachineListing {
  std::span<const std::byte> code;
  std::span<const platform::CodePlace> places;
  std::vector<text::MachineInstruction> instructions;  // empty: only the bytes can be shown
};

enum class Lines : u8 { without, with };

struct Listing {
  const isa::Code& code;
  const platform::Program* program = nullptr;  // null for bare bytes
  Lines lines = Lines::without;
  const MachineListing* machine = nullptr;
};

void write_listing(const Listing& listing, Output& out);

}  // namespace skep::cli
