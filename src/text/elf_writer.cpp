// Assembled sections to a relocatable ELF64 file for BPF.
//
// The file is: header; contents of the sections, each with its relocations behind it; symbols;
// strings; section headers. Addends stand in place (SHT_REL), as clang writes them for BPF. One
// table holds the names of symbols and of sections. Format: ELF gABI; llvm's BPF relocations.
#include <algorithm>
#include <map>

#include "base/bytes.hpp"
#include "base/text.hpp"
#include "text/text.hpp"

namespace skep::text {
namespace {

struct FileHeader {
  u8 magic[4] = {0x7f, 'E', 'L', 'F'};
  u8 file_class = 2;  // 64 bits
  u8 byte_order = 1;  // little-endian
  u8 ident_version = 1;
  u8 padding[9] = {};
  le16 type = 1;       // relocatable
  le16 machine = 247;  // BPF
  le32 version = 1;
  le64 entry = 0;
  le64 program_headers = 0;
  le64 section_headers = 0;
  le32 flags = 0;
  le16 header_size = 64;
  le16 program_header_size = 0;
  le16 program_header_count = 0;
  le16 section_header_size = 64;
  le16 section_header_count = 0;
  le16 names_section = 0;
};
static_assert(sizeof(FileHeader) == 64);

struct SectionHeader {
  le32 name = 0;
  le32 type = 0;
  le64 flags = 0;
  le64 address = 0;
  le64 offset = 0;
  le64 size = 0;
  le32 link = 0;
  le32 info = 0;
  le64 alignment = 1;
  le64 entry_size = 0;
};
static_assert(sizeof(SectionHeader) == 64);

struct Symbol {
  le32 name = 0;
  u8 info = 0;
  u8 other = 0;
  le16 section = 0;
  le64 value = 0;
  le64 size = 0;
};
static_assert(sizeof(Symbol) == 24);

struct Relocation {
  le64 offset = 0;
  le32 type = 0;
  le32 symbol = 0;
};
static_assert(sizeof(Relocation) == 16);

enum SectionType : u32 { kProgbits = 1, kSymtab = 2, kStrtab = 3, kNobits = 8, kRel = 9 };
enum SectionFlag : u64 { kWrite = 1, kAlloc = 2, kExecutable = 4 };
enum SymbolType : u8 { kNoType = 0, kObject = 1, kFunction = 2, kSectionSymbol = 3 };
enum Binding : u8 { kLocal = 0, kGlobal = 1 };

bool is_code(const AssembledSection& section) { return !section.code.empty(); }

u64 flags_of(const AssembledSection& section) {
  if (is_code(section)) return kAlloc | kExecutable;
  if (section.name.starts_with(".BTF")) return 0;
  if (section.name.starts_with(".rodata")) return kAlloc;
  return kAlloc | kWrite;
}

u32 relocation_type(const AssembledSection& section, AssembledReference::Kind kind) {
  const bool btf = section.name.starts_with(".BTF");
  switch (kind) {
    case AssembledReference::Kind::constant: return 1;            // R_BPF_64_64
    case AssembledReference::Kind::data64: return 2;              // R_BPF_64_ABS64
    case AssembledReference::Kind::data32: return btf ? 4u : 3u;  // R_BPF_64_NODYLD32, _ABS32
    case AssembledReference::Kind::call: return 10;               // R_BPF_64_32
  }
  return 0;
}

u64 bytes_of(AssembledReference::Kind kind) {
  return kind == AssembledReference::Kind::data32 ? 4 : 8;
}

class Writer {
 public:
  explicit Writer(std::span<const AssembledSection> sections) : sections_(sections) {}

  Result<std::vector<std::byte>> run() {
    constexpr std::size_t kSectionsMax = 0x7000;  // each may have relocations; indices are 16 bits
    if (sections_.size() > kSectionsMax) {
      return Error(Fault::unsupported, format("{} are more than an object file can have",
                                              counted(sections_.size(), "section")));
    }
    append(FileHeader{});
    headers_.emplace_back();
    for (const AssembledSection& section : sections_) TRY(contents(section));
    symbols();
    for (std::size_t at = 0; at < sections_.size(); ++at) relocations(at);
    symbol_table();
    string_table();
    return finish();
  }

 private:
  template <class T>
  void append(const T& record) {
    const auto* bytes = reinterpret_cast<const std::byte*>(&record);
    file_.insert(file_.end(), bytes, bytes + sizeof record);
  }
  void align() { file_.resize((file_.size() + 7) / 8 * 8); }

  u32 string(std::string_view text) {
    const auto [at, is_new] = string_offsets_.try_emplace(std::string(text), strings_.size());
    if (is_new) strings_ += std::string(text) + '\0';
    return at->second;
  }

  SectionHeader& header(std::string_view name, u32 type) {
    align();
    headers_.push_back(
        {.name = string(name), .type = type, .offset = file_.size(), .alignment = 8});
    return headers_.back();
  }

  Result<void> contents(const AssembledSection& section) {
    align();
    const std::size_t start = file_.size();
    TRY(unpatched(section));
    for (const AssembledReference& reference : section.references) {
      const u64 end = reference.offset + bytes_of(reference.kind);
      if (end < reference.offset || end > headers_.back().size) {
        return Error(Fault::malformed, format("{}: reference to {} at offset {} is outside",
                                              section.name, reference.symbol, reference.offset));
      }
      patch(start, reference);
    }
    return {};
  }

  // What stands in place: calls count slots from behind themselves (llvm's BPF relocations).
  void patch(std::size_t start, const AssembledReference& reference) {
    using Kind = AssembledReference::Kind;
    const bool in_instruction = reference.kind == Kind::constant || reference.kind == Kind::call;
    const u64 value =
        reference.kind == Kind::call ? reference.addend / sizeof(isa::Slot) - 1 : reference.addend;
    const u64 at = start + reference.offset + (in_instruction ? offsetof(isa::Slot, immediate) : 0);
    const u64 bytes = reference.kind == Kind::data64 ? 8 : 4;  // of constants, the low half
    for (u64 byte = 0; byte < bytes; ++byte) {
      file_[at + byte] = static_cast<std::byte>(value >> (8 * byte));
    }
  }

  Result<void> unpatched(const AssembledSection& section) {
    const bool zeros = section.name.starts_with(".bss") && section.references.empty() &&
                       std::ranges::count(section.data, std::byte{0}) == std::ssize(section.data);
    SectionHeader& made = header(section.name, zeros ? kNobits : kProgbits);
    made.flags = flags_of(section);
    made.size = section.data.size();
    if (zeros) return {};
    if (!is_code(section)) {
      file_.insert(file_.end(), section.data.begin(), section.data.end());
      return {};
    }
    const std::vector<isa::Slot> slots = TRY(isa::encode(section.code).within(section.name));
    made.size = slots.size() * sizeof(isa::Slot);
    for (const isa::Slot& slot : slots) append(slot);
    return {};
  }

  // ---- symbols: locals first, as the format wants it ----

  void add_symbol(const std::string& name, const Symbol& symbol) {
    symbol_numbers_.try_emplace(name, static_cast<u32>(symbols_.size()));
    symbols_.push_back(symbol);
  }
  void define(const std::string& name, Binding binding, SymbolType type, Symbol symbol) {
    symbol.name = type == kSectionSymbol ? 0 : string(name);
    symbol.info = static_cast<u8>(binding << 4 | type);
    add_symbol(name, symbol);
  }
  static u64 byte_offset(const AssembledSection& section, isa::InstructionIndex at) {
    if (at.value() < section.code.size()) {
      return section.code[at.value()].slot.value() * sizeof(isa::Slot);
    }
    const isa::Instruction& last = section.code.back();
    return (last.slot.value() + (last.is_wide() ? 2 : 1)) * sizeof(isa::Slot);
  }
  static le16 section_number(std::size_t at) { return static_cast<u16>(at + 1); }

  void symbols() {
    symbols_.emplace_back();
    for (const auto linkage : {platform::Linkage::local, platform::Linkage::global}) {
      const Binding binding = linkage == platform::Linkage::local ? kLocal : kGlobal;
      for (std::size_t at = 0; at < sections_.size(); ++at) symbols_of(at, linkage, binding);
      if (binding == kLocal) section_symbols();
      if (binding == kLocal) local_count_ = static_cast<u32>(symbols_.size());
    }
    for (const AssembledSection& section : sections_) {
      for (const AssembledReference& reference : section.references) {
        if (!symbol_numbers_.contains(reference.symbol))
          define(reference.symbol, kGlobal, kNoType, {});
      }
    }
  }
  void symbols_of(std::size_t at, platform::Linkage linkage, Binding binding) {
    const AssembledSection& section = sections_[at];
    for (const AssembledFunction& function : section.functions) {
      if (function.linkage != linkage) continue;
      const u64 begin = byte_offset(section, function.begin);
      const u64 size = byte_offset(section, function.end) - begin;
      define(function.name, binding, kFunction,
             {.section = section_number(at), .value = begin, .size = size});
    }
    for (const AssembledVariable& variable : section.variables) {
      if (variable.linkage != linkage) continue;
      define(variable.name, binding, kObject,
             {.section = section_number(at), .value = variable.offset, .size = variable.size});
    }
  }
  void section_symbols() {
    for (std::size_t at = 0; at < sections_.size(); ++at) {
      define(sections_[at].name, kLocal, kSectionSymbol, {.section = section_number(at)});
    }
  }

  // ---- tables ----

  void relocations(std::size_t at) {
    const AssembledSection& section = sections_[at];
    if (section.references.empty()) return;
    SectionHeader& made = header(".rel" + section.name, kRel);
    made.info = static_cast<u32>(at + 1);
    made.size = section.references.size() * sizeof(Relocation);
    made.entry_size = sizeof(Relocation);
    for (const AssembledReference& reference : section.references) {
      append(Relocation{reference.offset, relocation_type(section, reference.kind),
                        symbol_numbers_.at(reference.symbol)});
    }
  }

  void symbol_table() {
    const u32 number = static_cast<u32>(headers_.size());
    for (SectionHeader& made : headers_) {
      if (made.type == kRel) made.link = number;
    }
    SectionHeader& made = header(".symtab", kSymtab);
    made.size = symbols_.size() * sizeof(Symbol);
    made.entry_size = sizeof(Symbol);
    made.info = local_count_;
    made.link = number + 1;
    for (const Symbol& symbol : symbols_) append(symbol);
  }

  void string_table() {
    SectionHeader& made = header(".strtab", kStrtab);
    made.alignment = 1;
    made.size = strings_.size();
    const auto* bytes = reinterpret_cast<const std::byte*>(strings_.data());
    file_.insert(file_.end(), bytes, bytes + strings_.size());
  }

  std::vector<std::byte> finish() {
    align();
    FileHeader first;
    first.section_headers = file_.size();
    first.section_header_count = static_cast<u16>(headers_.size());
    first.names_section = static_cast<u16>(headers_.size() - 1);
    std::memcpy(file_.data(), &first, sizeof first);
    for (const SectionHeader& made : headers_) append(made);
    return std::move(file_);
  }

  std::span<const AssembledSection> sections_;
  std::vector<std::byte> file_;
  std::vector<SectionHeader> headers_;
  std::string strings_ = std::string(1, '\0');
  std::map<std::string, u32> string_offsets_;
  std::vector<Symbol> symbols_;
  std::map<std::string, u32> symbol_numbers_;
  u32 local_count_ = 0;
};

}  // namespace

Result<std::vector<std::byte>> write_elf(std::span<const AssembledSection> sections) {
  return Writer(sections).run();
}

}  // namespace skep::text
