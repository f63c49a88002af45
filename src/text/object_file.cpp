// Assembled sections to an object file: instructions are encoded, addends are put in place, and
// names become numbers of symbols. The format itself is that of base/elf_writer.hpp; relocation
// types are those of llvm's BPF.
#include <elf.h>

#include <algorithm>
#include <map>

#include "base/elf_writer.hpp"
#include "base/text.hpp"
#include "text/text.hpp"

namespace skep::text {
namespace {

constexpr u64 kAlignment = 8;

bool is_code(const AssembledSection& section) { return !section.code.empty(); }

u64 flags_of(const AssembledSection& section) {
  if (is_code(section)) return SHF_ALLOC | SHF_EXECINSTR;
  if (section.name.starts_with(".BTF")) return 0;
  if (section.name.starts_with(".rodata")) return SHF_ALLOC;
  return SHF_ALLOC | SHF_WRITE;
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

// What stands in place: calls count slots from behind themselves (llvm's BPF relocations).
void patch(ElfSection& out, const AssembledReference& reference) {
  using Kind = AssembledReference::Kind;
  const bool in_instruction = reference.kind == Kind::constant || reference.kind == Kind::call;
  const u64 value =
      reference.kind == Kind::call ? reference.addend / sizeof(isa::Slot) - 1 : reference.addend;
  const u64 at = reference.offset + (in_instruction ? offsetof(isa::Slot, immediate) : 0);
  const u64 bytes = reference.kind == Kind::data64 ? 8 : 4;  // of constants, the low half
  for (u64 byte = 0; byte < bytes; ++byte) {
    out.bytes[at + byte] = static_cast<std::byte>(value >> (8 * byte));
  }
}

Result<std::vector<std::byte>> contents(const AssembledSection& section) {
  if (!is_code(section)) return section.data;
  const std::vector<isa::Slot> slots = TRY(isa::encode(section.code).within(section.name));
  const auto bytes = std::as_bytes(std::span(slots));
  return std::vector<std::byte>(bytes.begin(), bytes.end());
}

Result<ElfSection> elf_section(const AssembledSection& section) {
  const bool zeros = section.name.starts_with(".bss") && section.references.empty() &&
                     std::ranges::count(section.data, std::byte{0}) == std::ssize(section.data);
  ElfSection out{.name = section.name,
                 .type = zeros ? u32{SHT_NOBITS} : u32{SHT_PROGBITS},
                 .flags = flags_of(section),
                 .alignment = kAlignment,
                 .size = section.data.size()};
  if (!zeros) out.bytes = TRY(contents(section));
  for (const AssembledReference& reference : section.references) {
    const u64 end = reference.offset + bytes_of(reference.kind);
    if (end < reference.offset || end > out.bytes.size()) {
      return Error(Fault::malformed, format("{}: reference to {} at offset {} is outside",
                                            section.name, reference.symbol, reference.offset));
    }
    patch(out, reference);
  }
  return out;
}

u64 byte_offset(const AssembledSection& section, isa::InstructionIndex at) {
  if (at.value() < section.code.size()) {
    return section.code[at.value()].slot.value() * sizeof(isa::Slot);
  }
  const isa::Instruction& last = section.code.back();
  return (last.slot.value() + (last.is_wide() ? 2 : 1)) * sizeof(isa::Slot);
}

class Symbols {
 public:
  explicit Symbols(std::span<const AssembledSection> sections) : sections_(sections) {
    for (const auto linkage : {platform::Linkage::local, platform::Linkage::global}) {
      for (u32 at = 0; at < sections_.size(); ++at) defined(at, linkage);
      if (linkage == platform::Linkage::local) section_symbols();
    }
    for (const AssembledSection& section : sections_) {
      for (const AssembledReference& each : section.references) {
        if (!numbers_.contains(each.symbol))
          add(each.symbol, {.name = each.symbol, .binding = STB_GLOBAL});
      }
    }
  }

  u32 number_of(const std::string& name) const { return numbers_.at(name); }
  std::vector<ElfSymbol> take() { return std::move(all_); }

 private:
  void add(const std::string& name, ElfSymbol symbol) {
    numbers_.try_emplace(name, static_cast<u32>(all_.size()));
    all_.push_back(std::move(symbol));
  }

  void defined(u32 at, platform::Linkage linkage) {
    const AssembledSection& section = sections_[at];
    const u8 binding = linkage == platform::Linkage::local ? STB_LOCAL : STB_GLOBAL;
    for (const AssembledFunction& function : section.functions) {
      if (function.linkage != linkage) continue;
      const u64 begin = byte_offset(section, function.begin);
      add(function.name, {.name = function.name,
                          .type = STT_FUNC,
                          .binding = binding,
                          .section = at + 1,
                          .value = begin,
                          .size = byte_offset(section, function.end) - begin});
    }
    for (const AssembledVariable& variable : section.variables) {
      if (variable.linkage != linkage) continue;
      add(variable.name, {.name = variable.name,
                          .type = STT_OBJECT,
                          .binding = binding,
                          .section = at + 1,
                          .value = variable.offset,
                          .size = variable.size});
    }
  }

  void section_symbols() {
    for (u32 at = 0; at < sections_.size(); ++at) {
      add(sections_[at].name, {.type = STT_SECTION, .section = at + 1});
    }
  }

  std::span<const AssembledSection> sections_;
  std::vector<ElfSymbol> all_;
  std::map<std::string, u32> numbers_;
};

}  // namespace

Result<std::vector<std::byte>> write_elf(std::span<const AssembledSection> sections) {
  ElfFile file;
  Symbols symbols(sections);
  for (const AssembledSection& section : sections) {
    file.sections.push_back(TRY(elf_section(section)));
    for (const AssembledReference& each : section.references) {
      file.sections.back().relocations.push_back(
          {each.offset, relocation_type(section, each.kind), symbols.number_of(each.symbol)});
    }
  }
  file.symbols = symbols.take();
  return skep::write_elf(file);
}

}  // namespace skep::text
