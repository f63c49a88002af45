#include "object/static_link.hpp"

#include <elf.h>

#include "isa/instruction.hpp"
#include "object/static_link/btf_ext.hpp"
#include "object/static_link/types.hpp"

namespace skep::object {
namespace static_link {
namespace {

// What is added to the number that stands where a symbol is to be put in, when its section has
// moved.
struct Addend {
  u64 offset = 0;  // of the number in the section
  u64 bytes = 0;
  u64 value = 0;
};

// An immediate of 32 bits: calls count instructions. In data, an address of 64 bits, or of 32.
Addend addend_of(const Section& section, const Relocation& relocation, u64 distance) {
  if (!section.is_code()) {
    const bool is_wide = relocation.kind == kRelocate64 || relocation.kind == kRelocateAddress64;
    return {relocation.offset, is_wide ? u64{8} : u64{4}, distance};
  }
  const bool is_call = relocation.kind == kRelocateCall;
  return {relocation.offset + offsetof(isa::Slot, immediate), 4,
          is_call ? distance / sizeof(isa::Slot) : distance};
}

void apply(std::vector<std::byte>& bytes, u64 base, const Addend& addend) {
  u64 value = 0;
  std::memcpy(&value, bytes.data() + base + addend.offset, addend.bytes);
  value += addend.value;
  std::memcpy(bytes.data() + base + addend.offset, &value, addend.bytes);
}

Result<void> relocate(const Input& input, u32 number, u32 section, const Symbols& symbols,
                      const Place& place, ElfSection& linked) {
  const Section& from = input.elf.sections()[section];
  for (const Relocation& each : input.elf.relocations(section)) {
    const auto target = symbols.target(number, each.symbol);
    if (!target || (target->addend != 0 && from.has_no_bytes())) {
      return Error(Fault::malformed, format("{}: {}: a relocation to {}, which is not linked",
                                            input.name, object::place(from.name, each.offset),
                                            input.elf.symbols()[each.symbol].name));
    }
    linked.relocations.push_back({each.offset + place.offset, each.kind, target->symbol});
    if (target->addend != 0) {
      apply(linked.bytes, place.offset, addend_of(from, each, target->addend));
    }
  }
  return {};
}

Result<void> relocate_all(std::span<const Input> inputs, const Symbols& symbols,
                          Sections& sections) {
  for (u32 number = 0; number < inputs.size(); ++number) {
    for (u32 section = 0; section < inputs[number].elf.sections().size(); ++section) {
      const auto place = sections.place(number, section);
      if (!place || place->is_shared) continue;
      TRY(relocate(inputs[number], number, section, symbols, *place, sections.at(place->section)));
    }
  }
  return {};
}

ElfSection table(std::string name, std::vector<std::byte> bytes) {
  return {.name = std::move(name), .type = SHT_PROGBITS, .alignment = 8, .bytes = std::move(bytes)};
}

Result<LinkedObject> link(std::span<const Input> inputs) {
  Sections sections;
  for (const Input& input : inputs) TRY(sections.add(input));
  Symbols symbols(inputs, sections);
  for (u32 input = 0; input < inputs.size(); ++input) TRY(symbols.add(input));
  TRY(relocate_all(inputs, symbols, sections));
  MergedTypes types = TRY(merge_types(inputs, sections, symbols));
  std::vector<std::byte> ext = merge_btf_ext(inputs, sections, types);
  ElfFile file{.sections = sections.all(), .symbols = symbols.all()};
  if (types.builder.next_id() > 1) {
    file.sections.push_back(table(".BTF", TRY(types.builder.bytes())));
  }
  if (!ext.empty()) file.sections.push_back(table(".BTF.ext", std::move(ext)));
  std::vector<std::byte> bytes = TRY(write_elf(file));
  return LinkedObject{std::move(bytes), symbols.undefined()};
}

}  // namespace
}  // namespace static_link

Result<LinkedObject> link_statically(std::span<const ObjectFile> files) {
  if (files.empty()) return Error(Fault::usage, "nothing to link: no object file is given");
  std::vector<static_link::Input> inputs;
  for (const ObjectFile& file : files) {
    inputs.push_back(TRY(static_link::Input::read(file)));
  }
  return static_link::link(inputs);
}

}  // namespace skep::object
