#include "object/maps.hpp"

#include <iterator>

#include "object/legacy_maps.hpp"
#include "object/map_values.hpp"

namespace skep::object {

Result<std::vector<MapDefinition>> read_maps(const Elf& elf, const Functions& functions,
                                             const SectionTypes& types) {
  std::vector<MapDefinition> out;
  const Section* section = elf.find(".maps");
  if (section == nullptr || section->size == 0) return read_legacy_maps(elf, types);
  const btf::TypeId id = types.of(".maps");
  if (id == btf::kVoid) {
    return Error(Fault::unsupported, "section .maps: maps without types (BTF)", "compile with -g");
  }
  for (const btf::SectionVariable& variable : types.types->variables(id)) {
    if (types.types->at(variable.type).scope == btf::Scope::external) continue;  // of another file
    const std::string where = place(".maps", variable.offset);
    out.push_back(TRY(read_definition(*types.types, variable.type).within(where)));
    out.back().section = elf.number_of(*section);
    out.back().offset = variable.offset;
  }
  TRY(read_initial_values(elf, functions, *section, out));
  auto legacy = TRY(read_legacy_maps(elf, types));
  std::ranges::move(legacy, std::back_inserter(out));
  return out;
}

}  // namespace skep::object
