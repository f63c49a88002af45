// The tables of an ELF file, in the order in which they depend on each other: header, sections,
// names, symbols, relocations. Constants are those of <elf.h>; the layouts are stated here in
// little-endian types.
#include "object/elf.hpp"

#include <elf.h>

#include <algorithm>

#include "object/elf_header.hpp"

namespace skep::object {
namespace {

constexpr u64 kSymbolNameMax = 4096;
constexpr u64 kFileMax = u64{256} << 20;
constexpr u64 kSymbolsMax = u64{1} << 20;
constexpr u32 kRelocateAddress32 = 3, kRelocateDebug32 = 4;  // R_BPF_64_ABS32, R_BPF_64_NODYLD32

struct SymbolEntry {
  le32 name;
  u8 info, other;
  le16 section;
  le64 value, size;
};
static_assert(sizeof(SymbolEntry) == sizeof(Elf64_Sym));

struct RelocationEntry {
  le64 offset, info;
};
static_assert(sizeof(RelocationEntry) == sizeof(Elf64_Rel));

// The name at `offset` of a string table; long ones are refused so that reading all names stays
// linear.
Result<std::string_view> name_at(Bytes table, u64 offset) {
  if (offset >= table.size()) {
    return Error(Fault::malformed, format("name at offset {} of a string table of {}", offset,
                                          counted(table.size(), "byte")));
  }
  return TRY(table.slice(offset, std::min(kSymbolNameMax, table.size() - offset))).c_string(0);
}

SymbolKind symbol_kind(u8 info) {
  switch (ELF64_ST_TYPE(info)) {
    case STT_NOTYPE: return SymbolKind::none;
    case STT_OBJECT: return SymbolKind::object;
    case STT_FUNC: return SymbolKind::function;
    case STT_SECTION: return SymbolKind::section;
    case STT_FILE: return SymbolKind::file;
    default: return SymbolKind::other;
  }
}

Binding binding_of(u8 info) {
  switch (ELF64_ST_BIND(info)) {
    case STB_LOCAL: return Binding::local;
    case STB_GLOBAL: return Binding::global;
    case STB_WEAK: return Binding::weak;
    default: return Binding::other;
  }
}

}  // namespace

u8 type_of(SymbolKind kind) {
  switch (kind) {
    case SymbolKind::object: return STT_OBJECT;
    case SymbolKind::function: return STT_FUNC;
    case SymbolKind::section: return STT_SECTION;
    case SymbolKind::file: return STT_FILE;
    case SymbolKind::none:
    case SymbolKind::other: return STT_NOTYPE;
  }
  return STT_NOTYPE;
}

u8 binding_of(Binding binding) {
  switch (binding) {
    case Binding::local: return STB_LOCAL;
    case Binding::weak: return STB_WEAK;
    case Binding::global:
    case Binding::other: return STB_GLOBAL;
  }
  return STB_GLOBAL;
}

bool Section::is_code() const { return kind == SHT_PROGBITS && (flags & SHF_EXECINSTR) != 0; }
bool Section::is_loaded() const { return (flags & SHF_ALLOC) != 0; }
bool Section::has_no_bytes() const { return kind == SHT_NOBITS; }

std::string place(std::string_view section, u64 offset) {
  return format("section {} at offset 0x{:x}", section, offset);
}

class ElfReader {
 public:
  explicit ElfReader(Bytes file) : file_(file) {}

  Result<Elf> run() {
    TRY(Elf::probe(file_));
    const elf::FileHeader header = TRY(bpf_file_header(file_));
    TRY(read_sections(header));
    TRY(check_overlaps(header));
    for (const Section& section : elf_.sections_) {
      if (section.kind == SHT_SYMTAB) TRY(read_symbols(section));
    }
    elf_.relocations_.resize(elf_.sections_.size());
    for (const Section& section : elf_.sections_) {
      if (section.kind == SHT_REL || section.kind == SHT_RELA) TRY(read_relocations(section));
    }
    return std::move(elf_);
  }

 private:
  Result<void> read_sections(const elf::FileHeader& header) {
    const Bytes table = TRY(
        file_.slice(header.sections_offset, u64{header.section_count} * sizeof(elf::SectionHeader))
            .within("section headers"));
    if (table.empty()) return Error(Fault::malformed, "ELF header at offset 0x3c: no sections");
    std::vector<u32> names;
    for (u32 number = 0; number < header.section_count; ++number) {
      const u64 at = u64{number} * sizeof(elf::SectionHeader);
      const elf::SectionHeader entry = TRY(table.read<elf::SectionHeader>(at));
      names.push_back(entry.name);
      TRY(read_section(entry).within(
          format("section {} (header at offset 0x{:x})", number, header.sections_offset + at)));
    }
    return name_sections(header.names_section, names);
  }

  Result<void> read_section(const elf::SectionHeader& entry) {
    Section section{.name = {},
                    .kind = entry.kind,
                    .flags = entry.flags,
                    .offset = entry.offset,
                    .size = entry.size,
                    .link = entry.link,
                    .info = entry.info,
                    .alignment = entry.alignment,
                    .entry_size = entry.entry_size,
                    .bytes = {}};
    if (section.kind == SHT_NULL) section.size = 0;
    if (!section.has_no_bytes() && section.size != 0) {
      section.bytes = TRY(file_.slice(section.offset, section.size));
    }
    if ((section.flags & SHF_COMPRESSED) != 0) section.kind = SHT_NULL;  // only debug information
    elf_.sections_.push_back(section);
    return {};
  }

  Result<void> name_sections(u32 names_section, const std::vector<u32>& names) {
    if (names_section >= elf_.sections_.size()) {
      return Error(Fault::malformed,
                   format("ELF header at offset 0x3e: section names are in section {} of {}",
                          names_section, elf_.sections_.size()));
    }
    const Bytes table = elf_.sections_[names_section].bytes;
    for (u32 number = 1; number < elf_.sections_.size(); ++number) {
      elf_.sections_[number].name =
          TRY(name_at(table, names[number]).within(format("section {}", number)));
    }
    return {};
  }

  struct Extent {
    u64 begin;
    u64 end;
    std::string_view name;
  };

  Result<void> check_overlaps(const elf::FileHeader& header) const {
    std::vector<Extent> extents = {
        {0, sizeof(elf::FileHeader), "the ELF header"},
        {header.sections_offset,
         header.sections_offset + u64{header.section_count} * sizeof(elf::SectionHeader),
         "the section headers"}};
    for (const Section& section : elf_.sections_) {
      if (section.bytes.empty()) continue;
      extents.push_back({section.offset, section.offset + section.size, section.name});
    }
    std::ranges::stable_sort(extents, {}, &Extent::begin);
    for (std::size_t i = 1; i < extents.size(); ++i) {
      if (extents[i].begin >= extents[i - 1].end) continue;
      return Error(
          Fault::malformed,
          format("section {} at offset 0x{:x} overlaps {}, which ends at offset 0x{:x}",
                 extents[i].name, extents[i].begin, extents[i - 1].name, extents[i - 1].end));
    }
    return {};
  }

  Result<void> read_symbols(const Section& table) {
    if (!elf_.symbols_.empty()) {
      return Error(Fault::malformed, format("section {}: a second symbol table", table.name));
    }
    if (table.link >= elf_.sections_.size()) {
      return Error(Fault::malformed, format("section {}: names are in section {} of {}", table.name,
                                            table.link, elf_.sections_.size()));
    }
    const Bytes names = elf_.sections_[table.link].bytes;
    const u64 count = table.size / sizeof(SymbolEntry);
    if (count > kSymbolsMax) {
      return Error(Fault::exhausted, format("section {}: {} symbols, more than the limit of {}",
                                            table.name, count, kSymbolsMax));
    }
    elf_.symbols_.reserve(count);
    for (u64 number = 0; number < count; ++number) {
      const u64 at = number * sizeof(SymbolEntry);
      const SymbolEntry entry = TRY(table.bytes.read<SymbolEntry>(at));
      auto read = symbol(entry, names);
      if (!read.ok()) {
        const std::string where = format("symbol {}: {}", number, place(table.name, at));
        return std::move(read).within(where).error();
      }
      elf_.symbols_.push_back(*read);
    }
    return {};
  }

  Result<Symbol> symbol(const SymbolEntry& entry, Bytes names) const {
    Symbol out{.name = {},
               .value = entry.value,
               .size = entry.size,
               .section = entry.section,
               .kind = symbol_kind(entry.info),
               .binding = binding_of(entry.info)};
    out.is_hidden = ELF64_ST_VISIBILITY(entry.other) == STV_HIDDEN ||
                    ELF64_ST_VISIBILITY(entry.other) == STV_INTERNAL;
    if (out.section < SHN_LORESERVE && out.section >= elf_.sections_.size()) {
      return Error(Fault::malformed,
                   format("section {} of {}", out.section, elf_.sections_.size()));
    }
    if (entry.name != 0) out.name = TRY(name_at(names, entry.name));
    if (out.kind == SymbolKind::section && out.section < SHN_LORESERVE) {
      out.name = elf_.sections_[out.section].name;
    }
    return out;
  }

  Result<void> read_relocations(const Section& table) {
    if (table.info >= elf_.sections_.size() || table.info == 0) {
      return Error(Fault::malformed, format("section {}: relocates section {} of {}", table.name,
                                            table.info, elf_.sections_.size()));
    }
    if (table.kind == SHT_RELA) {
      return Error(Fault::unsupported,
                   format("section {}: relocations with addends (RELA)", table.name));
    }
    const Section& target = elf_.sections_[table.info];
    if (!target.is_loaded()) return {};  // debug information and BTF stay as they are
    std::vector<Relocation>& out = elf_.relocations_[table.info];
    if (table.size % sizeof(RelocationEntry) != 0) {
      return Error(Fault::malformed, format("section {}: {} are not whole relocations", table.name,
                                            counted(table.size, "byte")));
    }
    out.reserve(out.size() + table.size / sizeof(RelocationEntry));
    for (u64 at = 0; at < table.size; at += sizeof(RelocationEntry)) {
      const RelocationEntry entry = TRY(table.bytes.read<RelocationEntry>(at));
      auto read = relocation(entry, target);
      if (!read.ok()) return std::move(read).within(place(table.name, at)).error();
      out.push_back(*read);
    }
    if (!std::ranges::is_sorted(out, {}, &Relocation::offset)) {
      std::ranges::stable_sort(out, {}, &Relocation::offset);
    }
    const auto twice = std::ranges::adjacent_find(out, {}, &Relocation::offset);
    if (twice == out.end()) return {};
    return Error(Fault::malformed, format("section {}: two relocations of {}", table.name,
                                          place(target.name, twice->offset)));
  }

  Result<Relocation> relocation(const RelocationEntry& entry, const Section& target) const {
    const Relocation out{.offset = entry.offset,
                         .kind = static_cast<u32>(ELF64_R_TYPE(u64{entry.info})),
                         .symbol = static_cast<u32>(ELF64_R_SYM(u64{entry.info}))};
    if (out.symbol == 0 || out.symbol >= elf_.symbols_.size()) {
      return Error(Fault::malformed,
                   format("relocation to symbol {} of {}", out.symbol, elf_.symbols_.size()));
    }
    const u64 width = out.kind == kRelocateAddress32 || out.kind == kRelocateDebug32 ? 4 : 8;
    if (out.offset > target.size || target.size - out.offset < width) {
      return Error(Fault::malformed, format("relocates offset 0x{:x} of section {}, which has {}",
                                            out.offset, target.name, counted(target.size, "byte")));
    }
    if (target.is_code() && out.offset % 8 != 0) {
      return Error(Fault::malformed, format("relocates offset 0x{:x} of section {}, which is the "
                                            "middle of an instruction",
                                            out.offset, target.name));
    }
    return out;
  }

  Bytes file_;
  Elf elf_;
};

Result<void> Elf::probe(Bytes file) {
  TRY(bpf_file_header(file));
  if (file.size() <= kFileMax) return {};
  return Error(Fault::exhausted,
               format("the file has {} bytes, more than the limit of {}", file.size(), kFileMax));
}

Result<Elf> Elf::read(Bytes file) { return ElfReader(file).run(); }

const Section* Elf::find(std::string_view name) const {
  const auto found = std::ranges::find(sections_, name, &Section::name);
  return found == sections_.end() ? nullptr : &*found;
}

}  // namespace skep::object
