// ELF files for BPF, read with suspicion: sections, symbols and relocations as values whose numbers
// are checked.
//
// What read() accepts: little-endian ELF64 relocatables for BPF whose tables and sections lie
// inside the file and not over each other, whose names end, and whose symbols and relocations point
// to sections and symbols that exist. What they mean for BPF is for others. Format: System V gABI,
// chapter 4; the relocation types of BPF: Documentation/bpf/llvm_reloc.rst of Linux.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/types.hpp"
#include "skep/result.hpp"

namespace skep::object {

// Special section numbers of symbols.
inline constexpr u32 kUndefined = 0, kAbsolute = 0xfff1, kCommon = 0xfff2;

enum class SymbolKind : u8 { none, object, function, section, file, other };
enum class Binding : u8 { local, global, weak, other };

// STT_ and STB_ for a symbol that is written.
u8 type_of(SymbolKind kind);
u8 binding_of(Binding binding);

struct Section {
  std::string_view name;
  u32 kind = 0;  // sh_type
  u64 flags = 0;
  u64 offset = 0;  // in the file
  u64 size = 0;
  u32 link = 0;
  u32 info = 0;
  u64 alignment = 0;
  u64 entry_size = 0;
  Bytes bytes;  // none for .bss

  bool is_code() const;
  bool is_loaded() const;     // code or data, not information about them
  bool has_no_bytes() const;  // like .bss
};

struct Symbol {
  std::string_view name;  // of a section symbol: the section's
  u64 value = 0;
  u64 size = 0;
  u32 section = kUndefined;  // of Elf::sections, or a special number
  SymbolKind kind = SymbolKind::none;
  Binding binding = Binding::local;
  bool is_hidden = false;  // not visible to other objects
};

struct Relocation {
  u64 offset = 0;  // in the section
  u32 kind = 0;
  u32 symbol = 0;  // of Elf::symbols
};
inline constexpr u32 kRelocate64 = 1;         // R_BPF_64_64: the immediate of a wide instruction
inline constexpr u32 kRelocateAddress64 = 2;  // R_BPF_64_ABS64: eight bytes of data
inline constexpr u32 kRelocateCall = 10;      // R_BPF_64_32: the immediate of a call

// "x at offset 0x18", for messages.
std::string place(std::string_view section, u64 offset);

class Elf {
 public:
  // Views into `file`, which must live as long.
  static Result<Elf> read(Bytes file);
  // Whether read() would go further than the header: it is an object for BPF, and not too large.
  static Result<void> probe(Bytes file);

  const std::vector<Section>& sections() const { return sections_; }
  const std::vector<Symbol>& symbols() const { return symbols_; }
  // Of one section, by rising offset.
  std::span<const Relocation> relocations(u32 section) const { return relocations_[section]; }
  // The first section of that name, or null.
  const Section* find(std::string_view name) const;
  u32 number_of(const Section& section) const {
    return static_cast<u32>(&section - sections_.data());
  }

 private:
  friend class ElfReader;
  std::vector<Section> sections_;
  std::vector<Symbol> symbols_;
  std::vector<std::vector<Relocation>> relocations_;  // by section
};

}  // namespace skep::object
