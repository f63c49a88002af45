// One pass over the members of a definition, each of which sets one fact; then, for arrays of
// programs, one over the addresses in .maps.
#include "object/maps.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace skep::object {
namespace {

using platform::MapKind;

constexpr u32 kPageBytes = 4096;
constexpr u32 kPinByName = 1;  // LIBBPF_PIN_BY_NAME

constexpr platform::MapKinds kHoldMaps =
    platform::set_of(MapKind::array_of_maps, MapKind::hash_of_maps);

class DefinitionReader {
 public:
  DefinitionReader(const btf::Types& types, const btf::SectionVariable& variable)
      : types_(types), variable_(variable) {}

  Result<MapDefinition> run() {
    const btf::Type& variable = types_.at(variable_.type);
    spec_.name = std::string(variable.name);
    const btf::TypeId definition = types_.resolve(variable.type);
    if (types_.at(definition).kind != btf::Kind::structure) {
      return malformed(format("is a {}, expected a struct", types_.c_name(definition)));
    }
    for (const btf::Member& member : types_.members(definition)) TRY(attribute(member));
    if (!has_kind_) return malformed("has no type");
    if (spec_.kind == MapKind::ringbuf) round_ring();
    if (platform::row(spec_.kind).user_engine == platform::InUserEngine::yes) {
      TRY(platform::check(spec_));
    }
    return MapDefinition{.spec = std::move(spec_), .offset = variable_.offset};
  }

  // Where its programs begin, in .maps.
  u64 values_offset() const { return u64{variable_.offset} + values_offset_; }

 private:
  Error malformed(std::string_view what) const {
    return {Fault::malformed, format("map {} {}", spec_.name, what)};
  }

  Result<void> attribute(const btf::Member& member) {
    struct Number {
      std::string_view name;
      u32 platform::MapSpec::*field;
    };
    static constexpr auto kNumbers =
        std::to_array<Number>({{"max_entries", &platform::MapSpec::max_entries},
                               {"map_flags", &platform::MapSpec::flags},
                               {"numa_node", &platform::MapSpec::numa_node}});
    for (const auto& [name, field] : kNumbers) {
      if (member.name != name) continue;
      spec_.*field = TRY(number_of(member));
      return {};
    }
    if (member.name == "type") return kind(TRY(number_of(member)));
    if (member.name == "key_size") return size(spec_.key_size, TRY(number_of(member)), "key");
    if (member.name == "value_size") return size(spec_.value_size, TRY(number_of(member)), "value");
    if (member.name == "key") return type(spec_.key_size, spec_.key_type, member);
    if (member.name == "value") return type(spec_.value_size, spec_.value_type, member);
    if (member.name == "values") return values(member);
    if (member.name == "map_extra") {
      spec_.extra = TRY(number_of(member));
      return {};
    }
    if (member.name == "pinning") return pinning(TRY(number_of(member)));
    return Error(Fault::unsupported,
                 format("map {} has the unknown attribute {}", spec_.name, member.name),
                 "known are type, max_entries, map_flags, key, value, key_size, value_size, "
                 "numa_node, pinning, map_extra and values");
  }

  // __uint: a pointer to an array whose length is the number; __ulong: an enum with the number.
  Result<u32> number_of(const btf::Member& member) const {
    const btf::TypeId id = types_.resolve(member.type);
    const auto enumerators = types_.enumerators(id);
    if (enumerators.size() == 1 && enumerators[0].value >= 0 &&
        enumerators[0].value <= s64{~u32{0}}) {
      return static_cast<u32>(enumerators[0].value);
    }
    const btf::Type& array = types_.resolved(types_.at(id).type);
    if (types_.at(id).kind != btf::Kind::pointer || array.kind != btf::Kind::array) {
      return malformed(format("gives {} as {}, expected __uint({}, NUMBER)", member.name,
                              types_.c_name(member.type), member.name));
    }
    return array.count;
  }

  Result<void> kind(u32 number) {
    spec_.kind = platform::map_kind(number);
    has_kind_ = true;
    if (spec_.kind != MapKind::count_) return {};
    return Error(Fault::unsupported, format("map {} has the unknown type {}", spec_.name, number));
  }

  Result<void> size(u32& field, u32 bytes, std::string_view what) const {
    if (field != 0 && field != bytes) {
      return malformed(format("gives its {} {} and {}", what, counted(field, "byte"), bytes));
    }
    field = bytes;
    return {};
  }

  Result<void> type(u32& bytes, u32& id, const btf::Member& member) const {
    const btf::Type& pointer = types_.resolved(member.type);
    if (pointer.kind != btf::Kind::pointer) {
      return malformed(format("gives {} as {}, expected __type({}, TYPE)", member.name,
                              types_.c_name(member.type), member.name));
    }
    id = pointer.type;
    const u32 size_of_type =
        TRY(types_.size_of(id).within(format("map {}: {}", spec_.name, member.name)));
    return size(bytes, size_of_type, member.name);
  }

  Result<void> pinning(u32 how) {
    if (how > kPinByName) {
      return Error(Fault::unsupported,
                   format("map {} has the unknown pinning {}", spec_.name, how));
    }
    spec_.is_pinned_by_name = how == kPinByName;
    return {};
  }

  Result<void> values(const btf::Member& member) {
    if (has_kind_ && (platform::set_of(spec_.kind) & kHoldMaps) != 0) {
      return Error(Fault::unsupported,
                   format("map {} is a map of maps ({}), which cannot be loaded yet", spec_.name,
                          platform::row(spec_.kind).name));
    }
    const btf::Type& array = types_.resolved(member.type);
    const btf::Type& pointer = types_.resolved(array.type);
    if (!has_kind_ || spec_.kind != MapKind::prog_array || array.kind != btf::Kind::array ||
        pointer.kind != btf::Kind::pointer ||
        types_.resolved(pointer.type).kind != btf::Kind::prototype) {
      return malformed("gives values, which only a prog_array of functions has");
    }
    values_offset_ = member.bit_offset / 8;
    return size(spec_.value_size, 4, "value");
  }

  void round_ring() {
    constexpr u32 kLargest = 1u << 31;
    if (spec_.max_entries == 0 || spec_.max_entries > kLargest) return;  // check() refuses
    spec_.max_entries = std::max(std::bit_ceil(spec_.max_entries), kPageBytes);
  }

  const btf::Types& types_;
  const btf::SectionVariable& variable_;
  platform::MapSpec spec_;
  bool has_kind_ = false;
  u64 values_offset_ = ~u32{0};
};

// The programs that a prog_array begins with: each is an address in .maps.
class InitialPrograms {
 public:
  InitialPrograms(const Elf& elf, const Functions& functions, const Section& section)
      : elf_(elf), functions_(functions), section_(section) {}

  Result<void> add(const Relocation& relocation, MapDefinition& map, u64 values_offset) const {
    const std::string where = place(section_.name, relocation.offset);
    const Symbol& symbol = elf_.symbols()[relocation.symbol];
    const u64 addend = TRY(section_.bytes.read<le64>(relocation.offset).within(where));
    const auto function = functions_.at(symbol.section, symbol.value + addend);
    if (relocation.kind != kRelocateAddress64 || relocation.offset < values_offset ||
        (relocation.offset - values_offset) % 8 != 0) {
      return Error(Fault::malformed,
                   format("{}: map {} holds no address there", where, map.spec.name));
    }
    const u64 index = (relocation.offset - values_offset) / 8;
    if (index >= map.spec.max_entries) {
      return Error(Fault::malformed, format("{}: map {} has a program for index {} of {}", where,
                                            map.spec.name, index, map.spec.max_entries));
    }
    if (!function || !functions_.is_program(*function, elf_)) {
      return Error(Fault::malformed, format("{}: map {} holds {}, which is not a program", where,
                                            map.spec.name, symbol.name));
    }
    map.spec.initial_programs.emplace_back(static_cast<u32>(index),
                                           functions_.all()[*function].name);
    return {};
  }

 private:
  const Elf& elf_;
  const Functions& functions_;
  const Section& section_;
};

Error needs_types(std::string_view section) {
  return {Fault::unsupported, format("section {}: maps without types (BTF)", section),
          "define maps in SEC(\".maps\") and compile with -g"};
}

}  // namespace

Result<std::vector<MapDefinition>> read_maps(const Elf& elf, const Functions& functions,
                                             const SectionTypes& types) {
  std::vector<MapDefinition> out;
  const Section* legacy = elf.find("maps");
  if (legacy != nullptr && legacy->size != 0) return needs_types("maps");
  const Section* section = elf.find(".maps");
  if (section == nullptr || section->size == 0) return out;
  const btf::TypeId id = types.of(".maps");
  if (id == btf::kVoid) return needs_types(".maps");
  std::vector<u64> values_offsets;
  for (const btf::SectionVariable& variable : types.types->variables(id)) {
    DefinitionReader reader(*types.types, variable);
    out.push_back(TRY(reader.run().within(place(".maps", variable.offset))));
    values_offsets.push_back(reader.values_offset());
  }
  const InitialPrograms programs(elf, functions, *section);
  for (const Relocation& relocation : elf.relocations(elf.number_of(*section))) {
    const auto after = std::ranges::upper_bound(out, relocation.offset, {}, &MapDefinition::offset);
    if (after == out.begin()) {
      return Error(Fault::malformed, place(".maps", relocation.offset) + ": no map is there");
    }
    const auto number = static_cast<std::size_t>(after - out.begin() - 1);
    TRY(programs.add(relocation, out[number], values_offsets[number]));
  }
  return out;
}

}  // namespace skep::object
