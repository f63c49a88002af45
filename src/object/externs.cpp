#include "object/externs.hpp"

#include <algorithm>
#include <tuple>

namespace skep::object {
namespace {

using platform::Extern;
using platform::ExternKind;

constexpr u64 kConfigurationMax = u64{1} << 20;  // bytes: the file holds a name for each value

// Bytes that a configuration value is aligned to: it is a number, an enum or text.
u32 alignment_of(const btf::Types& types, btf::TypeId id) {
  const btf::Type& type = types.resolved(id);
  return type.kind == btf::Kind::array ? 1 : std::max(type.size, 1u);  // arrays are of characters
}

Result<void> check_configuration(const btf::Types& types, const btf::SectionVariable& each) {
  const btf::Type& variable = types.at(each.type);
  if (configuration_type(types, variable.type)) {
    const u32 bytes = TRY(types.size_of(variable.type).within("section .kconfig"));
    if (each.size == bytes) return {};
    return Error(Fault::malformed,
                 format("section .kconfig: {} has {}, expected the {} of {}", variable.name,
                        counted(each.size, "byte"), bytes, types.c_name(variable.type)));
  }
  return Error(
      Fault::malformed,
      format("section .kconfig: {} is of type {}, expected bool, enum libbpf_tristate, char, "
             "an integer or char[]",
             variable.name, types.c_name(variable.type)));
}

// Variables and functions by name, with where they are in their section.
using Declarations = std::map<std::string_view, btf::SectionVariable>;

Declarations declarations(const SectionTypes& types, std::string_view section) {
  Declarations out;
  for (const btf::SectionVariable& each : types.types->variables(types.of(section))) {
    out.emplace(types.types->at(each.type).name, each);
  }
  return out;
}

Extern configuration(const Symbol& symbol, const btf::SectionVariable& declared) {
  return {.name = std::string(symbol.name),
          .kind = ExternKind::configuration,
          .is_weak = symbol.binding == Binding::weak,
          .type = declared.type,
          .offset = declared.offset,
          .size = declared.size};
}

Extern kernel_symbol(const Symbol& symbol, btf::TypeId id, const btf::Types& types) {
  const btf::Type& type = types.at(id);
  ExternKind kind = ExternKind::variable;
  if (type.kind == btf::Kind::function)
    kind = ExternKind::function;
  else if (types.resolved(type.type).kind == btf::Kind::void_)
    kind = ExternKind::address;
  return {.name = std::string(symbol.name),
          .kind = kind,
          .is_weak = symbol.binding == Binding::weak,
          .type = id};
}

}  // namespace

std::optional<ConfigurationType> configuration_type(const btf::Types& types, btf::TypeId id) {
  const btf::Type& type = types.resolved(id);
  const bool is_power = type.size == 1 || type.size == 2 || type.size == 4 || type.size == 8;
  if (type.kind == btf::Kind::integer && is_power) {
    if (type.encoding == btf::Encoding::boolean) return ConfigurationType::boolean;
    return type.size == 1 ? ConfigurationType::character : ConfigurationType::number;
  }
  if (type.kind == btf::Kind::enumeration && type.name == "libbpf_tristate" && type.size == 4) {
    return ConfigurationType::tristate;
  }
  if (type.kind != btf::Kind::array || type.count == 0) return std::nullopt;
  const btf::Type& element = types.resolved(type.type);
  const bool is_text = element.kind == btf::Kind::integer && element.size == 1 &&
                       element.encoding != btf::Encoding::boolean;
  return is_text ? std::optional(ConfigurationType::text) : std::nullopt;
}

Result<void> place_configuration(btf::Types& types, btf::TypeId section) {
  struct Place {
    u32 number;
    u32 alignment;
    u32 size;
    std::string_view name;
  };
  std::vector<Place> places;
  for (const btf::SectionVariable& each : types.variables(section)) {
    TRY(check_configuration(types, each));
    const btf::Type& variable = types.at(each.type);
    places.push_back({static_cast<u32>(places.size()), alignment_of(types, variable.type),
                      TRY(types.size_of(variable.type)), variable.name});
  }
  std::ranges::sort(places, {}, [](const Place& place) {
    return std::tuple(-s64{place.alignment}, place.size, place.name);
  });
  std::vector<u32> offsets(places.size());
  u64 end = 0;
  for (const Place& place : places) {
    const u64 offset = (end + place.alignment - 1) / place.alignment * place.alignment;
    end = offset + place.size;
    if (end > kConfigurationMax) {
      return Error(Fault::exhausted, format("section .kconfig: {} bytes, more than the limit of {}",
                                            end, kConfigurationMax));
    }
    offsets[place.number] = static_cast<u32>(offset);
  }
  return types.place_section(section, static_cast<u32>(end), offsets);
}

Externs read_externs(const Elf& elf, const SectionTypes& types) {
  Externs out;
  const Declarations kconfig = declarations(types, ".kconfig");
  const Declarations ksyms = declarations(types, ".ksyms");
  out.of_symbol.resize(elf.symbols().size());
  for (std::size_t number = 1; number < elf.symbols().size(); ++number) {
    const Symbol& symbol = elf.symbols()[number];
    if (symbol.section != kUndefined || symbol.name.empty()) continue;
    const auto value = kconfig.find(symbol.name);
    const auto known = ksyms.find(symbol.name);
    if (value == kconfig.end() && known == ksyms.end()) continue;
    out.of_symbol[number] = static_cast<u32>(out.all.size());
    out.all.push_back(value != kconfig.end()
                          ? configuration(symbol, value->second)
                          : kernel_symbol(symbol, known->second.type, *types.types));
  }
  return out;
}

std::optional<platform::MapSpec> configuration_map(const SectionTypes& types) {
  const btf::TypeId section = types.of(".kconfig");
  const u32 size = types.types->at(section).size;
  if (section == btf::kVoid || size == 0) return std::nullopt;
  platform::MapSpec map;
  map.name = ".kconfig";
  map.key_size = 4;
  map.value_size = size;
  map.max_entries = 1;
  map.flags = platform::kReadOnlyForProgram | platform::kMappable;
  map.value_type = section;
  map.is_globals = true;
  map.initial.resize(size);
  return map;
}

}  // namespace skep::object
