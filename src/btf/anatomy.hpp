// Where the bytes of a structure are: each member with its place and size, and the holes between
// them, in which nothing is kept.
//
// The members of a structure that is written where it is used are parts of that member, with
// offsets from the start of the whole. A union has no holes. Types need not be checked: what is
// nested too deep or is too much is an Error.
#pragma once

#include <string_view>
#include <vector>

#include "btf/types.hpp"

namespace skep::btf {

struct Part {
  std::string_view name;    // empty: an unnamed structure whose parts count as ours
  TypeId type = kVoid;      // as it is declared
  u64 bit_offset = 0;       // from the start of the outermost structure
  u32 bit_size = 0;         // 0: not a bit-field
  u64 bytes = 0;            // of its type; 0 for what has no size, as an array at the end
  u64 hole_bits = 0;        // in front of it
  std::vector<Part> parts;  // when it, or each of its elements, is written with a body of its own

  // A bit-field lies in a whole unit of its type.
  u64 byte_offset() const;
  u64 bit_in_byte() const { return bit_offset - byte_offset() * 8; }
};

// Of the parts themselves, not of theirs. A hole that is no whole number of bytes counts as bits.
struct Sums {
  u32 holes = 0, bit_holes = 0;
  u64 member_bytes = 0, hole_bytes = 0;
  u64 bit_field_bits = 0, bit_hole_bits = 0;
  u64 padding_bits = 0;  // behind the last part
};

struct Anatomy {
  u64 bytes = 0;
  std::vector<Part> parts;
  Sums sums;
};

// Of a structure or union; of others, nothing but the size.
Result<Anatomy> anatomy_of(const Types& types, TypeId id);

}  // namespace skep::btf
