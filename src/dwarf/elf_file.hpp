// An ELF file as far as debug information needs it: its sections by name, unpacked and relocated.
//
// Programs and libraries are read as they are. In a relocatable object every offset from one debug
// section into another is left to the linker, so what it would do is done here, for the machines
// of `kMachines` in relocations.cpp. Sections may be compressed (SHF_COMPRESSED, or .zdebug_* of
// older tools); unpacking is the caller's to give, so that this folder needs no library. System V
// gABI, chapter 4.
#pragma once

#include <deque>
#include <functional>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace skep::dwarf {

// A zlib stream to the `size` bytes that it stands for.
using Inflate = std::function<Result<std::vector<std::byte>>(Bytes packed, u64 size)>;

struct ElfSection {
  std::string_view name = {};
  u32 kind = 0;
  u64 flags = 0;
  Bytes bytes = {};
  u32 link = 0, info = 0;
};

class ElfFile {
 public:
  // Little-endian ELF of 64 bits; others are refused. The file outlives what is read from it.
  static Result<ElfFile> read(Bytes file);

  bool is_relocatable() const;
  u16 machine() const { return machine_; }
  const std::vector<ElfSection>& sections() const { return sections_; }
  // Null when there is none of that name.
  const ElfSection* find(std::string_view name) const;

  // What the section holds once it is unpacked and relocated. Empty for null.
  Result<Bytes> contents(const ElfSection* section, const Inflate& inflate);

  // The number that the linker made of the program's contents; empty when there is none.
  Bytes build_id() const;

 private:
  Result<Bytes> unpacked(const ElfSection& section, const Inflate& inflate);
  Result<Bytes> inflated(Bytes packed, u64 size, const Inflate& inflate);
  Result<Bytes> relocated(const ElfSection& section, Bytes bytes);

  u16 type_ = 0, machine_ = 0;
  std::vector<ElfSection> sections_;
  std::deque<std::vector<std::byte>> made_;  // unpacked or relocated: they stay where they are
};

}  // namespace skep::dwarf
