// How .BTF.ext is laid out: a header, then tables. Each table is a record size, then for every
// section its name, a count and the records. Offsets count bytes, names are offsets of strings of
// .BTF.
#pragma once

#include "base/bytes.hpp"

namespace skep::object {

struct BtfExtHeader {
  le16 magic;
  u8 version;
  u8 flags;
  le32 header_size;
  le32 functions_offset, functions_size;  // offsets count from behind the header
  le32 lines_offset, lines_size;
};
static_assert(sizeof(BtfExtHeader) == 24);

struct CoreHeader {
  le32 offset, size;
};

struct FunctionEntry {
  le32 offset, type;
};

// Kept as it is: large objects have tens of thousands.
struct LineRecord {
  le32 offset;      // bytes into the section
  le32 file, text;  // strings of the types
  le32 line_and_column;

  u32 line() const { return line_and_column >> 10; }
  u32 column() const { return line_and_column & 0x3ff; }
};
static_assert(sizeof(LineRecord) == 16);

struct CoreEntry {
  le32 offset, type, access, kind;
};

inline constexpr u16 kBtfExtMagic = 0xeb9f;

}  // namespace skep::object
