#include "base/elf_writer.hpp"

#include <elf.h>

#include <cstring>
#include <map>

#include "base/bytes.hpp"
#include "base/text.hpp"

namespace skep {
namespace {

constexpr std::size_t kSectionsMax = 0x7000;  // each may have relocations; numbers are 16 bits
constexpr u16 kMachineBpf = 247;

struct FileHeader {
  u8 magic[4] = {0x7f, 'E', 'L', 'F'};
  u8 file_class = ELFCLASS64;
  u8 byte_order = ELFDATA2LSB;
  u8 ident_version = EV_CURRENT;
  u8 padding[9] = {};
  le16 type = ET_REL;
  le16 machine = kMachineBpf;
  le32 version = EV_CURRENT;
  le64 entry = 0, program_headers = 0, section_headers = 0;
  le32 flags = 0;
  le16 header_size = sizeof(Elf64_Ehdr);
  le16 program_header_size = 0, program_header_count = 0;
  le16 section_header_size = sizeof(Elf64_Shdr), section_header_count = 0, names_section = 0;
};
static_assert(sizeof(FileHeader) == sizeof(Elf64_Ehdr));

struct SectionHeader {
  le32 name = 0, type = 0;
  le64 flags = 0, address = 0, offset = 0, size = 0;
  le32 link = 0, info = 0;
  le64 alignment = 0, entry_size = 0;
};
static_assert(sizeof(SectionHeader) == sizeof(Elf64_Shdr));

struct SymbolEntry {
  le32 name = 0;
  u8 info = 0;
  u8 other = 0;
  le16 section = 0;
  le64 value = 0, size = 0;
};
static_assert(sizeof(SymbolEntry) == sizeof(Elf64_Sym));

struct RelocationEntry {
  le64 offset = 0;
  le32 type = 0, symbol = 0;
};
static_assert(sizeof(RelocationEntry) == sizeof(Elf64_Rel));

class Writer {
 public:
  explicit Writer(const ElfFile& file) : in_(file) {}

  std::vector<std::byte> run() {
    append(FileHeader{});
    headers_.emplace_back();
    for (const ElfSection& section : in_.sections) contents(section);
    number_symbols();
    for (u32 at = 0; at < in_.sections.size(); ++at) relocations(at);
    symbol_table();
    string_table();
    return finish();
  }

 private:
  template <class T>
  void append(const T& record) {
    const auto* bytes = reinterpret_cast<const std::byte*>(&record);
    out_.insert(out_.end(), bytes, bytes + sizeof record);
  }
  void align(u64 to) { out_.resize((out_.size() + to - 1) / to * to); }

  u32 string(const std::string& text) {
    const auto [at, is_new] = string_offsets_.try_emplace(text, strings_.size());
    if (is_new) strings_ += text + '\0';
    return at->second;
  }

  SectionHeader& header(const std::string& name, u32 type, u64 alignment) {
    align(alignment == 0 ? 1 : alignment);
    headers_.push_back(
        {.name = string(name), .type = type, .offset = out_.size(), .alignment = alignment});
    return headers_.back();
  }

  void contents(const ElfSection& section) {
    SectionHeader& made = header(section.name, section.type, section.alignment);
    made.flags = section.flags;
    made.entry_size = section.entry_size;
    made.size = section.type == SHT_NOBITS ? section.size : section.bytes.size();
    out_.insert(out_.end(), section.bytes.begin(), section.bytes.end());
  }

  // Local symbols come before all others, and `info` of the table says where these begin.
  void number_symbols() {
    numbers_.resize(in_.symbols.size());
    ordered_.emplace_back();
    for (const bool local : {true, false}) {
      for (u32 at = 0; at < in_.symbols.size(); ++at) {
        if ((in_.symbols[at].binding == STB_LOCAL) != local) continue;
        numbers_[at] = static_cast<u32>(ordered_.size());
        ordered_.push_back(entry(in_.symbols[at]));
      }
      if (local) local_count_ = static_cast<u32>(ordered_.size());
    }
  }

  SymbolEntry entry(const ElfSymbol& symbol) {
    return {.name = string(symbol.name),
            .info = static_cast<u8>(ELF64_ST_INFO(symbol.binding, symbol.type)),
            .other = symbol.visibility,
            .section = static_cast<u16>(symbol.section),
            .value = symbol.value,
            .size = symbol.size};
  }

  void relocations(u32 at) {
    const ElfSection& section = in_.sections[at];
    if (section.relocations.empty()) return;
    SectionHeader& made = header(".rel" + section.name, SHT_REL, 8);
    made.info = at + 1;
    made.size = section.relocations.size() * sizeof(RelocationEntry);
    made.entry_size = sizeof(RelocationEntry);
    for (const ElfRelocation& each : section.relocations) {
      append(RelocationEntry{each.offset, each.type, numbers_.at(each.symbol)});
    }
  }

  void symbol_table() {
    const u32 number = static_cast<u32>(headers_.size());
    for (SectionHeader& made : headers_) {
      if (made.type == SHT_REL) made.link = number;
    }
    SectionHeader& made = header(".symtab", SHT_SYMTAB, 8);
    made.size = ordered_.size() * sizeof(SymbolEntry);
    made.entry_size = sizeof(SymbolEntry);
    made.info = local_count_;
    made.link = number + 1;
    for (const SymbolEntry& symbol : ordered_) append(symbol);
  }

  void string_table() {
    SectionHeader& made = header(".strtab", SHT_STRTAB, 1);
    made.size = strings_.size();
    const auto* bytes = reinterpret_cast<const std::byte*>(strings_.data());
    out_.insert(out_.end(), bytes, bytes + strings_.size());
  }

  std::vector<std::byte> finish() {
    align(8);
    FileHeader first;
    first.section_headers = out_.size();
    first.section_header_count = static_cast<u16>(headers_.size());
    first.names_section = static_cast<u16>(headers_.size() - 1);
    std::memcpy(out_.data(), &first, sizeof first);
    for (const SectionHeader& made : headers_) append(made);
    return std::move(out_);
  }

  const ElfFile& in_;
  std::vector<std::byte> out_;
  std::vector<SectionHeader> headers_;
  std::string strings_ = std::string(1, '\0');
  std::map<std::string, u32> string_offsets_ = {{"", 0}};
  std::vector<SymbolEntry> ordered_;
  std::vector<u32> numbers_;  // by symbol given: its number in the file
  u32 local_count_ = 0;
};

}  // namespace

Result<std::vector<std::byte>> write_elf(const ElfFile& file) {
  if (file.sections.size() > kSectionsMax) {
    return Error(Fault::unsupported, format("{} are more than an object file can have",
                                            counted(file.sections.size(), "section")));
  }
  return Writer(file).run();
}

}  // namespace skep
