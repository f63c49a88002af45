// BTF made from DWARF: the types of an application, for BPF programs to read its structures by.
//
// Compilers write BTF for BPF alone and DWARF for everything else, so what is known about a C or
// C++ program is in its .debug_info. Here that is read, as far as types need it: no lines, no code,
// no expressions but plain offsets. Units are converted one by one (Program, Converter), equal
// types become one (btf::deduplicate), what cannot stand is left out and counted (sound.hpp), and
// the whole is checked.
//
// The file is foreign: it cannot crash this, nor make it run or grow without end. DWARF of versions
// 2 to 5, ELF of 64 bits and little-endian.
#pragma once

#include "dwarf/elf_file.hpp"
#include "dwarf/names.hpp"
#include "dwarf/notes.hpp"

namespace skep::dwarf {

struct Options {
  // The program's path, for files that lie beside it; its bytes may come from elsewhere.
  Surroundings around = {};
  // For compressed sections; without it they are refused.
  Inflate inflate = nullptr;
  // With every function that has code, as a FUNC with its prototype.
  Functions functions = Functions::no;
  Naming naming = Naming::scoped;
};

struct Outcome {
  std::vector<std::byte> btf;  // a .BTF section, checked
  u32 types = 0;
  u64 units = 0;  // that were converted
};

// Fault::absent: no debug information, or a file of it is missing. Fault::malformed names the
// section and the offset; Fault::unsupported what is not read.
Result<Outcome> types_of(Bytes elf_file, const Options& options, Notes& notes);

}  // namespace skep::dwarf
