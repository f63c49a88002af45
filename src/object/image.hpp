// What program() links from: the file and everything that was found in it, checked once and never
// changed.
#pragma once

#include <optional>
#include <vector>

#include "object/btf_ext.hpp"
#include "object/elf.hpp"
#include "object/functions.hpp"
#include "object/section_types.hpp"

namespace skep::object {

struct Image {
  std::vector<std::byte> file;  // the views of all others point in here or into the types
  Elf elf;
  Functions functions;
  SectionTypes types;
  BtfExt ext;
  std::vector<u64> map_offsets;            // of the maps in .maps, which are the first maps
  std::vector<std::optional<u32>> map_of;  // by section: the map that its globals are
  std::vector<u32> programs;               // by ProgramEntry: its function
};

}  // namespace skep::object
