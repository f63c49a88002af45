// The directives that put data into a section.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "text/layout.hpp"

namespace skep::text {

// A section while it is read: instructions or data, not both.
struct Section {
  std::string name{};
  Layout layout{};
  std::vector<std::byte> data{};
  std::map<std::string, u64, std::less<>> labels{};  // of data, in bytes
  std::vector<AssembledReference> references{};

  bool is_code() const { return !layout.empty() || name == ".text"; }
};

Error mixed_section(std::string_view name);

// Whether `more` bytes may follow in the section; .zero must not be a bomb.
Result<void> make_room(Cursor& cursor, const Section& section, u64 more);

// A number of bytes.
Result<u64> read_count(Cursor& cursor);

// Each reads what stands behind its directive: ".zero 5", ".p2align 3", ".long 1, flows", ".asciz
// "x"".
enum class Alignment : u8 { exponent, bytes };
Result<void> read_zeros(Cursor& cursor, Section& section);
Result<void> read_alignment(Cursor& cursor, Section& section, Alignment given);
Result<void> read_integers(Cursor& cursor, Section& section, u64 bytes);
Result<void> read_characters(Cursor& cursor, Section& section, u64 terminators);

}  // namespace skep::text
