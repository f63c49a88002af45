#include "object/legacy_maps.hpp"

#include <algorithm>

namespace skep::object {
namespace {

struct Numbers {
  le32 kind, key_size, value_size, max_entries, flags;
};

std::vector<const Symbol*> symbols_of(const Elf& elf, u32 section) {
  std::vector<const Symbol*> out;
  for (const Symbol& symbol : elf.symbols()) {
    const bool is_variable = symbol.kind == SymbolKind::object || symbol.kind == SymbolKind::none;
    if (symbol.section == section && is_variable && !symbol.name.empty()) out.push_back(&symbol);
  }
  std::ranges::sort(out, {}, [](const Symbol* symbol) { return symbol->value; });
  return out;
}

// "____btf_map_NAME" is a structure of a key and a value.
void name_types(platform::MapSpec& map, const btf::Types& types) {
  const auto pair = types.find("____btf_map_" + map.name, btf::Kind::structure);
  if (!pair) return;
  for (const btf::Member& member : types.members(*pair)) {
    if (member.name == "key") map.key_type = member.type;
    if (member.name == "value") map.value_type = member.type;
  }
}

Result<MapDefinition> read_map(const Symbol& symbol, Bytes bytes, const btf::Types& types) {
  const Numbers numbers = TRY(bytes.read<Numbers>(0).within(format("map {}", symbol.name)));
  MapDefinition out{.spec = {}, .section = symbol.section, .offset = symbol.value};
  out.spec.name = std::string(symbol.name);
  out.spec.kind = platform::map_kind(numbers.kind);
  out.spec.key_size = numbers.key_size;
  out.spec.value_size = numbers.value_size;
  out.spec.max_entries = numbers.max_entries;
  out.spec.flags = numbers.flags;
  if (out.spec.kind == platform::MapKind::count_) {
    return Error(Fault::unsupported,
                 format("map {} has the unknown type {}", symbol.name, u32{numbers.kind}));
  }
  const auto rest = bytes.span().subspan(sizeof(Numbers));
  if (std::ranges::any_of(rest, [](std::byte each) { return each != std::byte{0}; })) {
    return Error(Fault::unsupported,
                 format("map {} says more than type, sizes, entries and flags", symbol.name),
                 "define it in SEC(\".maps\") with __uint() and __type()");
  }
  name_types(out.spec, types);
  return out;
}

}  // namespace

Result<std::vector<MapDefinition>> read_legacy_maps(const Elf& elf, const SectionTypes& types) {
  std::vector<MapDefinition> out;
  const Section* section = elf.find("maps");
  if (section == nullptr || section->bytes.empty()) return out;
  const auto symbols = symbols_of(elf, elf.number_of(*section));
  if (symbols.empty() || section->size % symbols.size() != 0) {
    return Error(Fault::malformed,
                 format("section maps: {} are not {} of equal size", counted(section->size, "byte"),
                        counted(symbols.size(), "map")));
  }
  const u64 size = section->size / symbols.size();
  for (const Symbol* symbol : symbols) {
    const std::string where = place("maps", symbol->value);
    const Bytes bytes = TRY(section->bytes.slice(symbol->value, size).within(where));
    out.push_back(TRY(read_map(*symbol, bytes, *types.types).within(where)));
  }
  return out;
}

}  // namespace skep::object
