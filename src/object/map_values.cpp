#include "object/map_values.hpp"

#include <algorithm>

namespace skep::object {
namespace {

class ValueReader {
 public:
  ValueReader(const Elf& elf, const Functions& functions, const Section& section,
              std::vector<MapDefinition>& maps)
      : elf_(elf), functions_(functions), section_(section), maps_(maps) {}

  Result<void> add(const Relocation& relocation) {
    const auto after =
        std::ranges::upper_bound(maps_, relocation.offset, {}, &MapDefinition::offset);
    if (after == maps_.begin()) return malformed("no map is there");
    return add(relocation, *std::prev(after));
  }

 private:
  Error malformed(std::string_view what) const { return {Fault::malformed, std::string(what)}; }

  Result<void> add(const Relocation& relocation, MapDefinition& map) {
    const u64 begin = map.offset + map.values_offset.value_or(0);
    if (!map.values_offset || relocation.kind != kRelocateAddress64 || relocation.offset < begin ||
        (relocation.offset - begin) % 8 != 0) {
      return malformed(format("map {} holds no address there", map.spec.name));
    }
    const u64 index = (relocation.offset - begin) / 8;
    if (index >= map.spec.max_entries) {
      return malformed(format("map {} has a value for index {} of {}", map.spec.name, index,
                              map.spec.max_entries));
    }
    if (map.spec.inner != nullptr) return add_map(relocation, map, static_cast<u32>(index));
    return add_program(relocation, map, static_cast<u32>(index));
  }

  Result<u64> address(const Relocation& relocation) const {
    const u64 addend = TRY(section_.bytes.read<le64>(relocation.offset));
    return elf_.symbols()[relocation.symbol].value + addend;
  }

  Result<void> add_program(const Relocation& relocation, MapDefinition& map, u32 index) const {
    const Symbol& symbol = elf_.symbols()[relocation.symbol];
    const auto function = functions_.at(symbol.section, TRY(address(relocation)));
    if (!function || !functions_.is_program(*function, elf_)) {
      return malformed(
          format("map {} holds {}, which is not a program", map.spec.name, symbol.name));
    }
    map.spec.initial_programs.emplace_back(index, functions_.all()[*function].name);
    return {};
  }

  Result<void> add_map(const Relocation& relocation, MapDefinition& map, u32 index) const {
    const Symbol& symbol = elf_.symbols()[relocation.symbol];
    const auto held =
        std::ranges::lower_bound(maps_, TRY(address(relocation)), {}, &MapDefinition::offset);
    const bool is_map = symbol.section == elf_.number_of(section_) && held != maps_.end() &&
                        held->offset == TRY(address(relocation));
    if (!is_map) {
      return malformed(format("map {} holds {}, which is not a map", map.spec.name, symbol.name));
    }
    map.spec.initial_maps.emplace_back(index, static_cast<u32>(held - maps_.begin()));
    return {};
  }

  const Elf& elf_;
  const Functions& functions_;
  const Section& section_;
  std::vector<MapDefinition>& maps_;
};

}  // namespace

Result<void> read_initial_values(const Elf& elf, const Functions& functions, const Section& section,
                                 std::vector<MapDefinition>& maps) {
  ValueReader reader(elf, functions, section, maps);
  for (const Relocation& each : elf.relocations(elf.number_of(section))) {
    TRY(reader.add(each).within(place(section.name, each.offset)));
  }
  return {};
}

}  // namespace skep::object
