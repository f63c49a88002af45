// Offsets come from the symbol of the same name in the section; a variable without one keeps the
// offset that the compiler wrote, which is right for those that no other object can see.
#include "object/section_types.hpp"

#include "object/externs.hpp"

namespace skep::object {
namespace {

using SymbolOffsets = std::map<std::pair<u32, std::string_view>, u64>;

SymbolOffsets symbol_offsets(const Elf& elf) {
  SymbolOffsets out;
  for (const Symbol& symbol : elf.symbols()) {
    const bool is_variable = symbol.kind == SymbolKind::object || symbol.kind == SymbolKind::none;
    if (is_variable && !symbol.name.empty()) {
      out.emplace(std::pair(symbol.section, symbol.name), symbol.value);
    }
  }
  return out;
}

Result<void> place_section(btf::Types& types, btf::TypeId id, const Section& section, u32 number,
                           const SymbolOffsets& symbols) {
  EXPECT(section.size <= ~u32{0});  // files and zeroed sections are smaller
  std::vector<u32> offsets;
  for (const btf::SectionVariable& variable : types.variables(id)) {
    const auto found = symbols.find({number, types.at(variable.type).name});
    const u64 offset = found == symbols.end() ? variable.offset : found->second;
    if (offset > ~u32{0}) {
      return Error(Fault::malformed, format("{}: variable {} is outside",
                                            place(section.name, offset), found->first.second));
    }
    offsets.push_back(static_cast<u32>(offset));
  }
  return types.place_section(id, static_cast<u32>(section.size), offsets);
}

}  // namespace

Result<SectionTypes> read_types(const Elf& elf) {
  SectionTypes out{.types = std::make_shared<const btf::Types>(), .ids = {}};
  const Section* btf = elf.find(".BTF");
  if (btf == nullptr) return out;
  btf::Types types = TRY(btf::Types::read(btf->bytes).within("section .BTF"));
  const SymbolOffsets symbols = symbol_offsets(elf);
  for (btf::TypeId id = 1; id < types.count(); ++id) {
    if (types.kind(id) != btf::Kind::section) continue;
    const std::string_view name = types.name(id);
    if (!out.ids.emplace(name, id).second) {
      return Error(Fault::malformed, format("section .BTF: section {} is described twice", name));
    }
    if (name == ".kconfig") TRY(place_configuration(types, id));
    const Section* section = elf.find(name);
    if (section == nullptr) continue;  // .kconfig and .ksyms stand for what others provide
    TRY(place_section(types, id, *section, elf.number_of(*section), symbols)
            .within("section .BTF"));
  }
  out.types = std::make_shared<const btf::Types>(std::move(types));
  return out;
}

}  // namespace skep::object
