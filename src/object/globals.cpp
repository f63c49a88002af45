// What libbpf does with these sections, except that the maps keep the sections' names.
#include "object/globals.hpp"

#include <algorithm>

namespace skep::object {
namespace {

constexpr u64 kZeroedMax = u64{64} << 20;  // bytes of all .bss sections of an object
constexpr std::string_view kRecordPrefix = "skep_record__";
constexpr std::string_view kArenaSection = ".addr_space.1";  // what clang calls __arena

bool is_section(std::string_view name, std::string_view family) {
  return name.starts_with(family) && (name.size() == family.size() || name[family.size()] == '.');
}

bool is_data(const Section& section) {
  return section.size != 0 &&
         (is_section(section.name, ".data") || is_section(section.name, ".rodata") ||
          is_section(section.name, ".bss"));
}

// Whether user space may map the section: as in libbpf, when a variable is visible outside of the
// object. The compiler may have done away with the others.
bool is_mappable(const btf::Types& types, btf::TypeId section) {
  return std::ranges::any_of(types.variables(section), [&](const btf::SectionVariable& each) {
    return types.at(each.type).scope != btf::Scope::static_;
  });
}

std::vector<std::byte> contents(const Section& section) {
  std::vector<std::byte> out(section.bytes.span().begin(), section.bytes.span().end());
  out.resize(section.size);
  return out;
}

platform::MapSpec globals(const Section& section, const SectionTypes& types) {
  platform::MapSpec map;
  map.name = std::string(section.name);
  map.key_size = 4;
  map.value_size = static_cast<u32>(section.size);
  map.max_entries = 1;
  map.value_type = types.of(section.name);
  map.is_globals = true;
  if (is_section(section.name, ".rodata")) map.flags = platform::kReadOnlyForProgram;
  if (is_mappable(*types.types, map.value_type)) map.flags |= platform::kMappable;
  map.initial = contents(section);
  return map;
}

Result<u32> arena_of(const std::vector<platform::MapSpec>& maps) {
  const auto arena = std::ranges::find(maps, platform::MapKind::arena, &platform::MapSpec::kind);
  if (arena != maps.end()) return static_cast<u32>(arena - maps.begin());
  return Error(Fault::malformed,
               format("section {}: variables of an arena, but no map is an arena", kArenaSection),
               "define a map of type BPF_MAP_TYPE_ARENA in SEC(\".maps\")");
}

}  // namespace

Result<void> limit_zeroed(const Elf& elf) {
  u64 zeroed = 0;
  for (const Section& section : elf.sections()) {
    if (!section.has_no_bytes()) continue;
    zeroed += std::min(section.size, kZeroedMax + 1);
    if (zeroed <= kZeroedMax) continue;
    return Error(Fault::exhausted,
                 format("section {}: {} bytes of zeroed variables, more than the limit of {}",
                        section.name, section.size, kZeroedMax),
                 "keep large tables in maps");
  }
  return {};
}

Result<std::vector<std::optional<u32>>> add_globals(const Elf& elf, const SectionTypes& types,
                                                    std::vector<platform::MapSpec>& maps) {
  std::vector<std::optional<u32>> map_of(elf.sections().size());
  for (u32 number = 0; number < elf.sections().size(); ++number) {
    const Section& section = elf.sections()[number];
    if (section.name == kArenaSection && section.size != 0) {
      map_of[number] = TRY(arena_of(maps));
      maps[*map_of[number]].initial = contents(section);
    }
    if (!is_data(section)) continue;
    map_of[number] = static_cast<u32>(maps.size());
    maps.push_back(globals(section, types));
  }
  return map_of;
}

Result<void> name_records(const SectionTypes& types, std::vector<platform::MapSpec>& maps) {
  for (const btf::SectionVariable& variable : types.types->variables(types.of(".rodata"))) {
    const btf::Type& type = types.types->at(variable.type);
    if (!type.name.starts_with(kRecordPrefix)) continue;
    const std::string_view ring = type.name.substr(kRecordPrefix.size());
    const auto map = std::ranges::find(maps, ring, &platform::MapSpec::name);
    if (map == maps.end() || map->kind != platform::MapKind::ringbuf) {
      return Error(
          Fault::malformed,
          format("{}: {} names no ring buffer", place(".rodata", variable.offset), type.name),
          "SKEP_RECORD takes the name of a BPF_MAP_TYPE_RINGBUF map of this object");
    }
    const btf::Type& pointer = types.types->resolved(type.type);
    const btf::TypeId record = types.types->resolve(pointer.type);
    if (pointer.kind != btf::Kind::pointer || types.types->members(record).empty()) {
      return Error(Fault::malformed, format("{}: {} is {}, expected a pointer to a struct",
                                            place(".rodata", variable.offset), type.name,
                                            types.types->c_name(type.type)));
    }
    map->value_type = record;
  }
  return {};
}

}  // namespace skep::object
