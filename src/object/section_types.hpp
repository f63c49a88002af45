// The types of an object beside its sections: which BTF section describes which ELF section.
//
// clang writes sections without sizes and globals without offsets, for a linker to fill in. There
// is none, so the sizes are taken from the section headers and the offsets from the symbols, as
// libbpf does.
#pragma once

#include <map>
#include <memory>

#include "btf/types.hpp"
#include "object/elf.hpp"

namespace skep::object {

struct SectionTypes {
  std::shared_ptr<const btf::Types> types;
  std::map<std::string_view, btf::TypeId, std::less<>> ids;  // of BTF sections, by name

  // Nothing when the section is not described.
  btf::TypeId of(std::string_view section) const {
    const auto found = ids.find(section);
    return found == ids.end() ? btf::kVoid : found->second;
  }
};

// Reads .BTF and places its sections; only void when there is no .BTF.
Result<SectionTypes> read_types(const Elf& elf);

}  // namespace skep::object
