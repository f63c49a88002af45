// What an object wants from the kernel by name: its undefined symbols, read with their types.
//
// clang lists them as variables and functions of the BTF sections .kconfig and .ksyms, which no ELF
// section stands behind. A symbol that neither lists is none of the kernel's: it is an error where
// it is used. As in libbpf, the values of .kconfig are laid out by falling alignment, then size,
// then name.
#pragma once

#include <optional>
#include <vector>

#include "object/section_types.hpp"
#include "platform/externs.hpp"
#include "platform/map_kinds.hpp"

namespace skep::object {

// What the type of a __kconfig variable says of its value.
enum class ConfigurationType : u8 { boolean, tristate, character, number, text };

// Nothing for a type that no configuration value has.
std::optional<ConfigurationType> configuration_type(const btf::Types& types, btf::TypeId type);

// Gives the variables of .kconfig their offsets; before `types` become constant. Fault::malformed
// names a variable of a type that no configuration value has.
Result<void> place_configuration(btf::Types& types, btf::TypeId section);

struct Externs {
  std::vector<platform::Extern> all;
  std::vector<std::optional<u32>> of_symbol;  // by number of an ELF symbol
};
Externs read_externs(const Elf& elf, const SectionTypes& types);

// The map that holds the configuration; nothing when the object reads none.
std::optional<platform::MapSpec> configuration_map(const SectionTypes& types);

}  // namespace skep::object
