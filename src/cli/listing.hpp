// Instructions as `skep disasm` and `skep dump --source` print them: a line each, under the names
// of functions and, when asked for, the lines of source that they were made from. Of what is no
// instruction that skep knows, the bytes are printed.
#pragma once

#include "cli/output.hpp"
#include "platform/program.hpp"

namespace skep::cli {

enum class Lines : u8 { without, with };

struct Listing {
  const isa::Code& code;
  const platform::Program* program = nullptr;  // null for bare bytes
  Lines lines = Lines::without;
};

void write_listing(const Listing& listing, Output& out);

}  // namespace skep::cli
