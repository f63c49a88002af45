// One instruction of assembly.
//
// What the instruction says by itself is checked and filled in here; what depends on the rest of
// the program (labels, distances, names) is left as a Reference for the assembler to settle.
#pragma once

#include <string_view>

#include "isa/instruction.hpp"
#include "text/cursor.hpp"

namespace skep::text {

struct Reference {
  enum class Kind : u8 {
    none,
    slots,     // `goto +3`: a distance from the next slot
    label,     // `goto loop`
    callee,    // `call NAME`: a label, a helper or a symbol
    map,       // `map[NAME]`
    constant,  // `r1 = NAME ll`: a map, a label or a symbol
  };
  Kind kind = Kind::none;
  s64 slots = 0;
  std::string_view name{};
  Place place{};
};

struct Parsed {
  isa::Instruction instruction;
  Reference reference{};
};

Result<Parsed> parse_instruction(Cursor& cursor);

}  // namespace skep::text
