// One file to be linked: its tables, and which type each of its visible names has.
//
// What read() accepts: objects as Elf::read() does, whose sections are of kinds that a linker knows
// and have names of their own, and whose code is whole instructions.
#pragma once

#include <map>

#include "object/btf_ext.hpp"
#include "object/section_types.hpp"
#include "object/static_link.hpp"

namespace skep::object::static_link {

// What BTF says of a name that is visible outside of its file.
struct Declaration {
  btf::TypeId type = btf::kVoid;  // a variable or a function
  std::string_view section;       // that it has to be in; empty: any
};

struct Input {
  std::string name;
  Elf elf;
  SectionTypes types;
  BtfExt ext;
  std::map<std::string_view, Declaration> declarations;

  static Result<Input> read(const ObjectFile& file);
};

// Whether a section's contents are linked. The others are tables, which are made anew, and debug
// information.
bool is_linked(const Section& section);

}  // namespace skep::object::static_link
