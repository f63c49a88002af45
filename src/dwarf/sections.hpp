// The sections of one file that units are read from, or those of its split part (.dwo).
#pragma once

#include <memory>

#include "dwarf/abbreviations.hpp"
#include "dwarf/elf_file.hpp"

namespace skep::dwarf {

enum class Part : u8 { whole, split };  // .debug_info, .debug_info.dwo

struct Sections {
  // More than one of these only in relocatable objects, where each type may have its own.
  std::vector<Bytes> info, types;
  Bytes abbreviations, text, line_text, text_offsets;
  Part part = Part::whole;

  bool empty() const { return info.empty() && types.empty(); }
};

// Unpacks and relocates what is there.
Result<Sections> read_sections(ElfFile& file, Part part, const Inflate& inflate);

}  // namespace skep::dwarf
