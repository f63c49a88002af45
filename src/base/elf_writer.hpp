// Sections, symbols and relocations to a relocatable ELF64 file for BPF, little-endian.
//
// The file is: header; contents of the sections; relocations (SHT_REL: addends stand in place, as
// clang writes them for BPF); symbols; strings; section headers. One table holds the names of
// symbols and of sections. What the sections mean is the caller's: numbers of sections count from
// 1, in the order given; numbers of symbols from 0. Constants are those of <elf.h>. Refused: more
// sections than 16 bits count. Format: System V gABI, chapter 4.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/types.hpp"
#include "skep/result.hpp"

namespace skep {

struct ElfRelocation {
  u64 offset = 0;  // bytes into the section
  u32 type = 0;    // R_BPF_*
  u32 symbol = 0;  // of ElfFile::symbols
};

struct ElfSection {
  std::string name{};
  u32 type = 0;  // SHT_PROGBITS, or SHT_NOBITS: then `size` counts and there are no bytes
  u64 flags = 0;
  u64 alignment = 1;
  u64 entry_size = 0;
  u64 size = 0;
  std::vector<std::byte> bytes{};
  std::vector<ElfRelocation> relocations{};
};

struct ElfSymbol {
  std::string name{};  // empty for a section's
  u8 type = 0;         // STT_*
  u8 binding = 0;      // STB_*
  u8 visibility = 0;   // STV_*
  u32 section = 0;     // its number, or a special one
  u64 value = 0;
  u64 size = 0;
};

struct ElfFile {
  std::vector<ElfSection> sections{};
  std::vector<ElfSymbol> symbols{};  // in any order; the file has local ones first
};

Result<std::vector<std::byte>> write_elf(const ElfFile& file);

}  // namespace skep
