#include "dwarf/relocations.hpp"

#include <algorithm>
#include <array>

namespace skep::dwarf {
namespace {

struct Rela {  // Elf64_Rela
  le64 offset;
  le32 kind, symbol;
  le64 addend;
};

struct Symbol {  // Elf64_Sym
  le32 name;
  u8 info, other;
  le16 section;
  le64 value, size;
};

// A kind of relocation that adds a symbol's value and the addend: into how many bytes. 0: nothing
// that types are made of.
struct Row {
  u32 kind;
  u8 size;
};

struct Machine {
  u16 number;  // EM_*
  std::array<Row, 7> rows;
};

constexpr auto kMachines = std::to_array<Machine>({
    // x86-64 psABI, table 4.10: NONE, 64, 32, 32S, DTPOFF64, DTPOFF32, PC32
    {62, {{{0, 0}, {1, 8}, {10, 4}, {11, 4}, {17, 0}, {21, 0}, {2, 0}}}},
    // AAELF64, tables of data relocations: NONE, ABS64, ABS32, TLS_DTPREL64, PREL64, PREL32
    {183, {{{0, 0}, {257, 8}, {258, 4}, {1029, 0}, {260, 0}, {261, 0}, {0, 0}}}},
    // BPF, llvm_reloc.rst of Linux: NONE, 64_ABS64, 64_ABS32, 64_NODYLD32
    {247, {{{0, 0}, {2, 8}, {3, 4}, {4, 4}, {0, 0}, {0, 0}, {0, 0}}}},
});

Result<void> apply(std::span<std::byte> bytes, const Rela& entry, u8 size, Bytes symbols) {
  const auto symbol =
      TRY(symbols.read<Symbol>(u64{entry.symbol} * sizeof(Symbol)).within("symbol"));
  if (entry.offset > bytes.size() || size > bytes.size() - entry.offset) {
    return Error(Fault::malformed, format("an entry for offset {}, past the end at {}",
                                          u64{entry.offset}, bytes.size()));
  }
  const le64 value = symbol.value + entry.addend;
  std::memcpy(bytes.data() + entry.offset, &value, size);
  return {};
}

}  // namespace

Result<void> relocate(std::span<std::byte> bytes, Bytes entries, Bytes symbols, u16 machine) {
  const auto* known = std::ranges::find(kMachines, machine, &Machine::number);
  if (known == kMachines.end()) {
    return Error(Fault::unsupported,
                 format("an object for machine {}, which only its linker can relocate", machine),
                 "link it, and give the program or the library");
  }
  for (u64 at = 0; at < entries.size(); at += sizeof(Rela)) {
    const auto entry = TRY(entries.read<Rela>(at));
    const auto* row = std::ranges::find(known->rows, u32{entry.kind}, &Row::kind);
    if (row == known->rows.end()) {
      return Error(Fault::unsupported, format("the unknown kind {} of relocation", u32{entry.kind}),
                   "link it, and give the program or the library");
    }
    if (row->size != 0) TRY(apply(bytes, entry, row->size, symbols));
  }
  return {};
}

}  // namespace skep::dwarf
