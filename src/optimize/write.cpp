#include "optimize/write.hpp"

#include <elf.h>

#include <cstring>
#include <optional>

#include "base/elf_writer.hpp"
#include "base/text.hpp"
#include "object/image.hpp"
#include "optimize/information.hpp"

namespace skep::optimize {
namespace {

using object::SymbolKind;

bool is_kept(const object::Section& section) {
  const bool contents = section.kind == SHT_PROGBITS || section.kind == SHT_NOBITS;
  if (!contents || section.name.starts_with(".debug_")) return false;
  return section.name != ".BTF" && section.name != ".BTF.ext";
}

template <class Slots>
std::vector<std::byte> bytes_of(const Slots& slots) {
  const auto bytes = std::as_bytes(std::span(slots));
  return {bytes.begin(), bytes.end()};
}

class ObjectWriter {
 public:
  ObjectWriter(const object::Object& object, const Layout& layout)
      : object_(object), elf_(object.image().elf), layout_(layout) {}

  Result<std::vector<std::byte>> run() {
    for (u32 section = 0; section < elf_.sections().size(); ++section) add_section(section);
    for (u32 symbol = 0; symbol < elf_.symbols().size(); ++symbol) add_symbol(symbol);
    for (u32 section = 0; section < elf_.sections().size(); ++section) {
      if (placed_[section]) TRY(relocate(section));
    }
    add_table(".BTF");
    std::vector<std::byte> information = write_information(object_, layout_);
    if (!information.empty()) add_table(".BTF.ext", std::move(information));
    return write_elf(file_);
  }

 private:
  void add_section(u32 number) {
    const object::Section& section = elf_.sections()[number];
    placed_.emplace_back();
    if (!is_kept(section)) return;
    const CodeSection* code = layout_.find(number);
    ElfSection out{.name = std::string(section.name),
                   .type = section.kind,
                   .flags = section.flags,
                   .alignment = section.alignment,
                   .entry_size = section.entry_size,
                   .size = section.size};
    out.bytes = code != nullptr
                    ? bytes_of(code->slots)
                    : std::vector(section.bytes.span().begin(), section.bytes.span().end());
    if (code != nullptr) out.size = out.bytes.size();
    file_.sections.push_back(std::move(out));
    placed_.back() = static_cast<u32>(file_.sections.size());
  }

  void add_symbol(u32 number) {
    const object::Symbol& symbol = elf_.symbols()[number];
    numbers_.emplace_back();
    const bool in_section = symbol.section != SHN_UNDEF && symbol.section < elf_.sections().size();
    if (number == 0 || (in_section && !placed_[symbol.section])) return;
    ElfSymbol out{.name = symbol.kind == SymbolKind::section ? "" : std::string(symbol.name),
                  .type = object::type_of(symbol.kind),
                  .binding = object::binding_of(symbol.binding),
                  .visibility = symbol.is_hidden ? u8{STV_HIDDEN} : u8{STV_DEFAULT},
                  .section = in_section ? *placed_[symbol.section] : symbol.section,
                  .value = symbol.value,
                  .size = symbol.size};
    if (in_section && layout_.find(symbol.section) != nullptr) move(symbol, out);
    numbers_.back() = static_cast<u32>(file_.symbols.size());
    file_.symbols.push_back(std::move(out));
  }

  void move(const object::Symbol& symbol, ElfSymbol& out) const {
    out.value = layout_.moved(object_, symbol.section, symbol.value);
    if (symbol.kind != SymbolKind::function) return;
    for (const PlacedFunction& each : layout_.find(symbol.section)->functions) {
      if (each.slot * sizeof(isa::Slot) == out.value) out.size = each.slots * sizeof(isa::Slot);
    }
  }

  Result<void> relocate(u32 section) {
    const CodeSection* code = layout_.find(section);
    ElfSection& out = file_.sections[*placed_[section] - 1];
    const std::span<const object::Relocation> all =
        code != nullptr ? code->relocations : elf_.relocations(section);
    for (const object::Relocation& each : all) {
      if (!numbers_[each.symbol]) {
        return Error(Fault::unsupported, format("{}: a relocation to {}, which is not kept",
                                                object::place(out.name, each.offset),
                                                elf_.symbols()[each.symbol].name));
      }
      out.relocations.push_back({each.offset, each.kind, *numbers_[each.symbol]});
      if (code == nullptr) move_address(each, out);
    }
    return {};
  }

  // Data that has the address of a function: what stands there is added to the symbol.
  void move_address(const object::Relocation& relocation, ElfSection& data) const {
    const object::Symbol& symbol = elf_.symbols()[relocation.symbol];
    const bool by_section =
        symbol.kind == SymbolKind::section && layout_.find(symbol.section) != nullptr;
    if (!by_section || data.type == SHT_NOBITS) return;
    const std::size_t size =
        relocation.kind == object::kRelocate64 || relocation.kind == object::kRelocateAddress64 ? 8
                                                                                                : 4;
    u64 addend = 0;
    std::memcpy(&addend, data.bytes.data() + relocation.offset, size);
    addend = layout_.moved(object_, symbol.section, addend);
    std::memcpy(data.bytes.data() + relocation.offset, &addend, size);
  }

  void add_table(std::string_view name) {
    const object::Section* section = elf_.find(name);
    if (section == nullptr) return;
    add_table(std::string(name), {section->bytes.span().begin(), section->bytes.span().end()});
  }
  void add_table(std::string name, std::vector<std::byte> bytes) {
    file_.sections.push_back(
        {.name = std::move(name), .type = SHT_PROGBITS, .alignment = 4, .bytes = std::move(bytes)});
  }

  const object::Object& object_;
  const object::Elf& elf_;
  const Layout& layout_;
  ElfFile file_;
  std::vector<std::optional<u32>> placed_;   // by section read: its number in the file
  std::vector<std::optional<u32>> numbers_;  // by symbol read: its number in file_
};

}  // namespace

Result<std::vector<std::byte>> write_object(const object::Object& object, const Layout& layout) {
  return ObjectWriter(object, layout).run();
}

}  // namespace skep::optimize
