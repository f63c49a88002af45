// What program() links from: the file and everything that was found in it, checked once and never
// changed.
#pragma once

#include <optional>
#include <vector>

#include "base/mapping.hpp"
#include "object/btf_ext.hpp"
#include "object/elf.hpp"
#include "object/externs.hpp"
#include "object/functions.hpp"
#include "object/section_types.hpp"
#include "object/tags.hpp"

namespace skep::object {

// Where a map's definition stands, and its number in Object::maps().
struct PlacedMap {
  u32 section = 0;
  u64 offset = 0;
  u32 number = 0;

  friend auto operator<=>(const PlacedMap&, const PlacedMap&) = default;
};

struct Image {
  std::optional<Mapping> file;  // the views of all others point in here or into the types
  Elf elf;
  Functions functions;
  SectionTypes types;
  BtfExt ext;
  Tags tags;
  std::vector<PlacedMap> map_places;                   // by section and offset
  std::vector<std::optional<u32>> map_of;              // by section: the map that its globals are
  std::vector<std::optional<u32>> externs_of_symbols;  // by symbol: its number in Object::externs()
  std::optional<u32> configuration;                    // the map .kconfig
  std::vector<u32> programs;                           // by ProgramEntry: its function
};

}  // namespace skep::object
