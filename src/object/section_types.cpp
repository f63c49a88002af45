// Offsets come from the symbol of the same name in the section; a variable without one keeps the
// offset that the compiler wrote, which is right for those that no other object can see. So does
// one of several static variables of one name, which are there after linking.
#include "object/section_types.hpp"

#include <optional>

#include "object/externs.hpp"

namespace skep::object {
namespace {

enum class Seen : u8 { here, outside };  // static variables, and the others

struct VariableKey {
  u32 section;
  std::string_view name;
  Seen seen;
  friend auto operator<=>(const VariableKey&, const VariableKey&) = default;
};
using SymbolOffsets = std::map<VariableKey, std::optional<u64>>;  // nothing: there are several

SymbolOffsets symbol_offsets(const Elf& elf) {
  SymbolOffsets out;
  for (const Symbol& symbol : elf.symbols()) {
    const bool is_variable = symbol.kind == SymbolKind::object || symbol.kind == SymbolKind::none;
    if (!is_variable || symbol.name.empty()) continue;
    const Seen seen = symbol.binding == Binding::local ? Seen::here : Seen::outside;
    const auto [known, is_new] = out.try_emplace({symbol.section, symbol.name, seen}, symbol.value);
    if (!is_new) known->second.reset();
  }
  return out;
}

Result<void> place_section(btf::Types& types, btf::TypeId id, const Section& section, u32 number,
                           const SymbolOffsets& symbols) {
  EXPECT(section.size <= ~u32{0});  // files and zeroed sections are smaller
  std::vector<u32> offsets;
  for (const btf::SectionVariable& variable : types.variables(id)) {
    const btf::Type type = types.at(variable.type);
    const Seen seen = type.scope == btf::Scope::static_ ? Seen::here : Seen::outside;
    const auto found = symbols.find({number, type.name, seen});
    const bool is_known = found != symbols.end() && found->second;
    const u64 offset = is_known ? *found->second : variable.offset;
    if (offset > ~u32{0}) {
      return Error(Fault::malformed,
                   format("{}: variable {} is outside", place(section.name, offset), type.name));
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
