// The tables at the head of an ELF file of 64 bits, little-endian: what whoever reads such a file
// begins with.
//
// The file is foreign: each offset is checked where it is used. What sections mean is for others:
// src/object reads objects for BPF, src/btf one section of any file, src/dwarf debug information.
// Format: System V gABI, chapter 4.
#pragma once

#include <array>
#include <string_view>

#include "base/bytes.hpp"
#include "base/types.hpp"
#include "skep/result.hpp"

namespace skep::elf {

struct FileHeader {
  std::array<u8, 16> identity;
  le16 type, machine;
  le32 version;
  le64 entry, segments_offset, sections_offset;
  le32 flags;
  le16 header_size, segment_size, segment_count, section_size, section_count, names_section;
};

struct SectionHeader {
  le32 name, kind;
  le64 flags, address, offset, size;
  le32 link, info;
  le64 alignment, entry_size;
};

// By its first four bytes.
bool is_elf(Bytes file);

class Sections {
 public:
  // Other files, those of 32 bits and big-endian ones are refused. A file without a table has none.
  static Result<Sections> read(Bytes file);

  const FileHeader& header() const { return header_; }
  u64 count() const { return count_; }
  Result<SectionHeader> at(u64 number) const;
  Result<std::string_view> name(const SectionHeader& section) const;
  // Empty where the file has no bytes for it (SHT_NOBITS).
  Result<Bytes> contents(const SectionHeader& section) const;

 private:
  Sections(Bytes file, const FileHeader& header) : file_(file), header_(header) {}

  Bytes file_, names_;
  FileHeader header_;
  u64 count_ = 0;
};

}  // namespace skep::elf
