// A program as `skep dump` shows it: where it attaches, what it calls, what CO-RE asks for, and its
// instructions under their source.
#pragma once

#include "cli/listing.hpp"
#include "cli/output.hpp"
#include "object/object.hpp"

namespace skep::cli {

struct ProgramView {
  const btf::Targets* targets = nullptr;  // for CO-RE
  bool with_instructions = false;
};

void write_program(const object::Object& object, const object::ProgramEntry& entry,
                   const ProgramView& view, Output& out);

}  // namespace skep::cli
