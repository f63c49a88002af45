// Programs of tests/dwarf, compiled in a folder of their own, and their types.
#pragma once

#include "btf/types.hpp"
#include "cli/inflate.hpp"
#include "dwarf/dwarf.hpp"
#include "support/scratch.hpp"

namespace skep::dwarf {

// A shell line in which $c and $cpp are the sources, ready to be compiled.
inline void compile(const test::Scratch& scratch, const std::string& line) {
  const std::string folder = std::string(SKEP_SOURCE_DIR) + "/tests/dwarf";
  scratch.run("c=" + folder + "/shapes.c && cpp='-std=c++20 -w " + folder + "/shapes.cpp' && " +
              line);
}

inline Options options_in(const test::Scratch& scratch, const std::string& file) {
  return {.around = {.path = scratch.path(file), .debug_folder = scratch.path("debug")},
          .inflate = cli::inflate};
}

inline Result<Outcome> outcome_of(const Options& options, Notes& notes) {
  const Mapping file = TRY(Mapping::of_file(options.around.path));
  return types_of(file.bytes(), options, notes);
}

inline Result<btf::Types> types_in(const Options& options) {
  Notes notes;
  return btf::Types::read(Bytes(TRY(outcome_of(options, notes)).btf));
}

}  // namespace skep::dwarf
