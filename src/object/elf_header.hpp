// The first bytes of an ELF file, which say what kind of file it is and where its table of sections
// stands.
#pragma once

#include <array>

#include "base/bytes.hpp"
#include "base/types.hpp"
#include "skep/result.hpp"

namespace skep::object {

struct FileHeader {
  std::array<u8, 16> identity;
  le16 type, machine;
  le32 version;
  le64 entry, segments_offset, sections_offset;
  le32 flags;
  le16 header_size, segment_size, segment_count, section_size, section_count, names_section;

  // Of a little-endian ELF64 relocatable for BPF; anything else is refused with advice.
  static Result<FileHeader> read(Bytes file);
};

struct SectionHeader {
  le32 name, kind;
  le64 flags, address, offset, size;
  le32 link, info;
  le64 alignment, entry_size;
};

}  // namespace skep::object
