// One pass over the members of a definition, each of which sets one fact. The definition inside of
// a map of maps is read by a reader of its own, once: maps nest two deep and no deeper.
#include "object/map_definition.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace skep::object {
namespace {

using platform::MapKind;
using platform::MapSpec;

constexpr u32 kPageBytes = 4096;
constexpr u32 kPinByName = 1;  // LIBBPF_PIN_BY_NAME
constexpr u32 kAttributesMax = 64;

constexpr platform::MapKinds kHoldMaps =
    platform::set_of(MapKind::array_of_maps, MapKind::hash_of_maps);
constexpr platform::MapKinds kRings = platform::set_of(MapKind::ringbuf, MapKind::user_ringbuf);

enum class Level : u8 { outer, inner };

class DefinitionReader {
 public:
  DefinitionReader(const btf::Types& types, std::string name, Level level)
      : types_(types), level_(level) {
    out_.spec.name = std::move(name);
  }

  Result<MapDefinition> run(btf::TypeId id) {
    const btf::TypeId definition = types_.resolve(id);
    if (types_.at(definition).kind != btf::Kind::structure) {
      return malformed(format("is a {}, expected a struct", types_.c_name(definition)));
    }
    if (types_.at(definition).count > kAttributesMax) {
      return malformed(format("has {}, expected at most {}",
                              counted(types_.at(definition).count, "attribute"), kAttributesMax));
    }
    for (const btf::Member& member : types_.members(definition)) TRY(attribute(member));
    if (!has_kind_) return malformed("has no type");
    if ((platform::set_of(spec().kind) & kRings) != 0) round_ring();
    return std::move(out_);
  }

 private:
  MapSpec& spec() { return out_.spec; }
  const MapSpec& spec() const { return out_.spec; }

  Error malformed(std::string_view what) const {
    return {Fault::malformed, format("map {} {}", spec().name, what)};
  }

  struct Number {
    std::string_view name;
    u32 MapSpec::*field;
  };
  static constexpr auto kNumbers = std::to_array<Number>({{"max_entries", &MapSpec::max_entries},
                                                          {"map_flags", &MapSpec::flags},
                                                          {"numa_node", &MapSpec::numa_node}});

  Result<void> attribute(const btf::Member& member) {
    for (const auto& [name, field] : kNumbers) {
      if (member.name != name) continue;
      spec().*field = TRY(small_number(member));
      return {};
    }
    if (member.name == "type") return kind(TRY(small_number(member)));
    if (member.name == "key_size") return size(spec().key_size, TRY(small_number(member)), "key");
    if (member.name == "value_size") {
      return size(spec().value_size, TRY(small_number(member)), "value");
    }
    if (member.name == "key") return type(spec().key_size, spec().key_type, member);
    if (member.name == "value") return type(spec().value_size, spec().value_type, member);
    if (member.name == "values") return values(member);
    if (member.name == "map_extra") {
      spec().extra = TRY(number_of(member));
      return {};
    }
    if (member.name == "pinning") return pinning(TRY(small_number(member)));
    return Error(Fault::unsupported,
                 format("map {} has the unknown attribute {}", spec().name, member.name),
                 "known are type, max_entries, map_flags, key, value, key_size, value_size, "
                 "numa_node, pinning, map_extra and values");
  }

  // __uint: a pointer to an array whose length is the number; __ulong: an enum with the number.
  Result<u64> number_of(const btf::Member& member) const {
    const btf::TypeId id = types_.resolve(member.type);
    const auto enumerators = types_.enumerators(id);
    if (enumerators.size() == 1) return static_cast<u64>((*enumerators.begin()).value);
    const btf::Type& array = types_.resolved(types_.at(id).type);
    if (types_.at(id).kind != btf::Kind::pointer || array.kind != btf::Kind::array) {
      return malformed(format("gives {} as {}, expected __uint({}, NUMBER)", member.name,
                              types_.c_name(member.type), member.name));
    }
    return array.count;
  }

  Result<u32> small_number(const btf::Member& member) const {
    const u64 number = TRY(number_of(member));
    if (number <= ~u32{0}) return static_cast<u32>(number);
    return malformed(format("gives {} as {}, which is more than 32 bits", member.name, number));
  }

  Result<void> kind(u32 number) {
    spec().kind = platform::map_kind(number);
    has_kind_ = true;
    if (spec().kind != MapKind::count_) return {};
    return Error(Fault::unsupported, format("map {} has the unknown type {}", spec().name, number),
                 format("known are 1 to {}", kCount<MapKind>));
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
        TRY(types_.size_of(id).within(format("map {}: {}", spec().name, member.name)));
    return size(bytes, size_of_type, member.name);
  }

  Result<void> pinning(u32 how) {
    if (level_ == Level::inner) return malformed("is inside of another map and cannot be pinned");
    if (how > kPinByName) {
      return Error(Fault::unsupported,
                   format("map {} has the unknown pinning {}", spec().name, how));
    }
    spec().is_pinned_by_name = how == kPinByName;
    return {};
  }

  // An array of pointers to programs, or to the definition of the maps that it holds.
  Result<void> values(const btf::Member& member) {
    const btf::Type& array = types_.resolved(member.type);
    const btf::Type& pointer = types_.resolved(array.type);
    const bool holds_maps = has_kind_ && (platform::set_of(spec().kind) & kHoldMaps) != 0;
    const bool holds_programs = has_kind_ && spec().kind == MapKind::prog_array;
    if (!holds_maps && !holds_programs) {
      return malformed("gives values, which only arrays of programs and maps of maps have");
    }
    const btf::Kind wanted = holds_maps ? btf::Kind::structure : btf::Kind::prototype;
    if (array.kind != btf::Kind::array || pointer.kind != btf::Kind::pointer ||
        types_.resolved(pointer.type).kind != wanted) {
      return malformed(format("gives values as {}, expected __array(values, {})",
                              types_.c_name(member.type),
                              holds_maps ? "struct { ... }" : "int (void *)"));
    }
    if (holds_maps) TRY(inner(pointer.type));
    out_.values_offset = member.bit_offset / 8;
    return size(spec().value_size, 4, "value");
  }

  Result<void> inner(btf::TypeId id) {
    if (level_ == Level::inner) return malformed("holds maps of maps, which cannot be nested");
    DefinitionReader reader(types_, spec().name + ".inner", Level::inner);
    spec().inner = std::make_shared<const MapSpec>(TRY(reader.run(id)).spec);
    return {};
  }

  void round_ring() {
    constexpr u32 kLargest = 1u << 31;
    u32& bytes = spec().max_entries;
    if (bytes == 0 || bytes > kLargest) return;  // the engine refuses
    bytes = std::max(std::bit_ceil(bytes), kPageBytes);
  }

  const btf::Types& types_;
  Level level_;
  MapDefinition out_;
  bool has_kind_ = false;
};

}  // namespace

Result<MapDefinition> read_definition(const btf::Types& types, btf::TypeId id) {
  const btf::Type& variable = types.at(id);
  return DefinitionReader(types, std::string(variable.name), Level::outer).run(variable.type);
}

}  // namespace skep::object
