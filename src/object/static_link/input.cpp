#include "object/static_link/input.hpp"

#include <elf.h>

#include <algorithm>
#include <array>
#include <bit>
#include <set>

#include "isa/instruction.hpp"

namespace skep::object::static_link {
namespace {

constexpr u32 kAddressSignificance = 0x6fff4c03;  // SHT_LLVM_ADDRSIG
constexpr u64 kAlignmentMax = 64 << 10;           // the largest page of Linux
constexpr std::string_view kExtern = ".extern";   // clang's section for what has no other

bool is_contents(u32 kind) { return kind == SHT_PROGBITS || kind == SHT_NOBITS; }

bool is_known(u32 kind) {
  constexpr std::array<u32, 5> kTables = {SHT_NULL, SHT_SYMTAB, SHT_STRTAB, SHT_REL,
                                          kAddressSignificance};
  return is_contents(kind) || std::ranges::find(kTables, kind) != kTables.end();
}

Error wrong(const Section& section, std::string_view what, Fault fault = Fault::malformed) {
  return {fault, format("{}: {}", place(section.name, section.offset), what)};
}

Result<void> check(const Section& section) {
  if (!is_known(section.kind)) {
    return wrong(section, format("a section of type {}, which cannot be linked", section.kind),
                 Fault::unsupported);
  }
  if (!is_linked(section)) return {};
  if (section.name.empty()) return wrong(section, "it has no name");
  if (section.alignment > kAlignmentMax ||
      (section.alignment != 0 && !std::has_single_bit(section.alignment))) {
    return wrong(section, format("an alignment of {}, expected a power of two up to {}",
                                 section.alignment, kAlignmentMax));
  }
  if (section.is_code() && section.size % sizeof(isa::Slot) != 0) {
    return wrong(section, format("{} are not whole instructions", counted(section.size, "byte")));
  }
  return {};
}

Result<void> check_sections(const Elf& elf) {
  std::set<std::string_view> seen;
  for (const Section& section : elf.sections()) {
    TRY(check(section));
    if (!is_linked(section) || seen.insert(section.name).second) continue;
    return Error(Fault::malformed,
                 format("{}: a second section of that name", place(section.name, section.offset)));
  }
  return {};
}

bool is_visible(const btf::Type& type) {
  return (type.kind == btf::Kind::variable || type.kind == btf::Kind::function) &&
         type.scope != btf::Scope::static_;
}

// A type that stands in a section goes before one of the same name that does not.
std::map<std::string_view, Declaration> read_declarations(const SectionTypes& sections) {
  std::map<std::string_view, Declaration> out;
  const btf::Types& types = *sections.types;
  for (const auto& [name, id] : sections.ids) {
    for (const btf::SectionVariable& each : types.variables(id)) {
      const btf::Type type = types.at(each.type);
      if (!is_visible(type)) continue;
      out.try_emplace(type.name,
                      Declaration{each.type, name == kExtern ? std::string_view() : name});
    }
  }
  for (btf::TypeId id = 1; id < types.count(); ++id) {
    const btf::Type type = types.at(id);
    if (is_visible(type)) out.try_emplace(type.name, Declaration{id, {}});
  }
  return out;
}

Result<Input> read_input(const ObjectFile& file) {
  Input out;
  out.name = file.name;
  out.elf = TRY(Elf::read(file.bytes));
  if (out.elf.symbols().empty()) {
    return Error(Fault::malformed, "the object has no symbols", "do not strip it before linking");
  }
  TRY(check_sections(out.elf));
  out.types = TRY(read_types(out.elf));
  const Section* ext = out.elf.find(".BTF.ext");
  if (ext != nullptr && !out.types.types->empty()) {
    out.ext = TRY(BtfExt::read(ext->bytes, *out.types.types).within("section .BTF.ext"));
  }
  out.declarations = read_declarations(out.types);
  return out;
}

}  // namespace

bool is_linked(const Section& section) {
  if (!is_contents(section.kind) || section.name.starts_with(".debug_")) return false;
  if (section.name == ".BTF" || section.name == ".BTF.ext") return false;
  return section.name != ".text" || section.size != 0;  // clang always writes one
}

Result<Input> Input::read(const ObjectFile& file) { return read_input(file).within(file.name); }

}  // namespace skep::object::static_link
