// One section of an ELF file, by name: as much of ELF as it takes to find .BTF in a kernel, a
// module, a program or a library.
//
// Object files of BPF are read by src/object, which checks all of a file; here only the table of
// sections and its names are looked at. Format: System V gABI, chapter 4.
#pragma once

#include <string_view>

#include "base/bytes.hpp"
#include "skep/result.hpp"

namespace skep::btf {

// Fault::absent when there is no such section. Little-endian ELF of 64 bits; others are refused.
Result<Bytes> elf_section(Bytes file, std::string_view name);

}  // namespace skep::btf
