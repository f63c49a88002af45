// Relocations of instructions; what their addends mean is in Documentation/bpf/llvm_reloc.rst of
// Linux.
#include "object/relocate.hpp"

#include <algorithm>

namespace skep::object {
namespace {

constexpr u8 kWideOpcode = 0x18, kCallOpcode = 0x85;  // RFC 9669, 5.4 and 4.3
constexpr u8 kSourceHelper = 0, kSourceLocal = 1;     // of calls: RFC 9669, 4.3.1

class Resolver {
 public:
  Resolver(const Image& image, u32 section, u64 offset, const isa::Slot& slot)
      : image_(image), number_(section), offset_(offset), slot_(slot) {}

  Result<Reference> run() const {
    const Relocation* relocation = at(offset_);
    if (is_wide(slot_)) return wide(relocation);
    if (is_call(slot_)) return call(relocation);
    if (relocation == nullptr) return Reference(NoReference{});
    return malformed("a relocation of an instruction that has no address");
  }

 private:
  const Section& section() const { return image_.elf.sections()[number_]; }

  Error error(Fault fault, std::string_view what, std::string hint = {}) const {
    return {fault, format("{}: {}", place(section().name, offset_), what), std::move(hint)};
  }
  Error malformed(std::string_view what) const { return error(Fault::malformed, what); }

  const Relocation* at(u64 offset) const {
    const auto all = image_.elf.relocations(number_);
    const auto found = std::ranges::lower_bound(all, offset, {}, &Relocation::offset);
    return found == all.end() || found->offset != offset ? nullptr : &*found;
  }

  Result<Reference> wide(const Relocation* relocation) const {
    if (at(offset_ + 8) != nullptr) {
      return malformed("a relocation inside of a 64-bit immediate");
    }
    if (slot_.src() != 0) {
      return malformed(
          format("a 64-bit immediate of kind {}, which only a loader writes", slot_.src()));
    }
    if (relocation == nullptr) return Reference(NoReference{});
    if (relocation->kind != kRelocate64) return unknown(*relocation);
    const Symbol& symbol = image_.elf.symbols()[relocation->symbol];
    if (symbol.section == kUndefined) return undefined(symbol);
    TRY(has_section(symbol));
    return target(symbol, symbol.value + static_cast<u64>(s64{slot_.immediate}));
  }

  Result<Reference> target(const Symbol& symbol, u64 offset) const {
    const Section& home = image_.elf.sections()[symbol.section];
    if (home.is_code()) return function(symbol.section, offset);
    if (home.name == ".maps") return map(symbol, offset);
    const auto globals = image_.map_of[symbol.section];
    if (!globals) {
      return error(Fault::unsupported,
                   format("refers to {} in section {}, which is neither code nor data", symbol.name,
                          home.name));
    }
    if (!image_.elf.relocations(symbol.section).empty()) {
      const u64 first = image_.elf.relocations(symbol.section)[0].offset;
      return error(Fault::unsupported,
                   format("refers to section {}, whose variables hold addresses (at offset 0x{:x})",
                          home.name, first),
                   "initialise pointers in the program, not in the variable");
    }
    if (offset >= home.size) {
      return malformed(format("refers to {}, which has {}", place(home.name, offset),
                              counted(home.size, "byte")));
    }
    return Reference(ValueReference{*globals, static_cast<u32>(offset)});
  }

  Result<Reference> map(const Symbol& symbol, u64 offset) const {
    const auto found = std::ranges::lower_bound(image_.map_offsets, offset);
    if (found == image_.map_offsets.end() || *found != offset) {
      return malformed(
          format("refers to {} ({}), where no map begins", symbol.name, place(".maps", offset)));
    }
    return Reference(MapReference{static_cast<u32>(found - image_.map_offsets.begin())});
  }

  Result<Reference> function(u32 section, u64 offset) const {
    const auto found = image_.functions.at(section, offset);
    if (found) return Reference(FunctionReference{*found});
    const std::string where = place(image_.elf.sections()[section].name, offset);
    return malformed(format("refers to {}, where no function begins", where));
  }

  Result<Reference> call(const Relocation* relocation) const {
    // The immediate counts slots from the next one; a relocation adds the symbol's address to it.
    const u64 distance = (static_cast<u64>(s64{slot_.immediate}) + 1) * 8;
    if (slot_.src() == kSourceHelper && relocation == nullptr) return Reference(NoReference{});
    if (slot_.src() != kSourceLocal) {
      return malformed(format("a call of kind {}, which only a loader writes", slot_.src()));
    }
    if (relocation == nullptr) return function(number_, offset_ + distance);
    if (relocation->kind != kRelocateCall) return unknown(*relocation);
    const Symbol& symbol = image_.elf.symbols()[relocation->symbol];
    if (symbol.section == kUndefined) return undefined(symbol);
    TRY(has_section(symbol));
    if (!image_.elf.sections()[symbol.section].is_code()) {
      return malformed(format("calls {}, which is not a function", symbol.name));
    }
    return function(symbol.section, symbol.value + distance);
  }

  Result<void> has_section(const Symbol& symbol) const {
    if (symbol.section < image_.elf.sections().size()) return {};
    const bool common = symbol.section == kCommon;
    return error(common ? Fault::unsupported : Fault::malformed,
                 format("refers to {}, which is in no section", symbol.name),
                 common ? "compile with -fno-common" : "");
  }

  Error unknown(const Relocation& relocation) const {
    return error(Fault::unsupported, format("relocation of unknown type {}", relocation.kind));
  }

  bool is_configuration(std::string_view name) const {
    const btf::Types& types = *image_.types.types;
    const auto variables = types.variables(image_.types.of(".kconfig"));
    return std::ranges::any_of(variables, [&](const btf::SectionVariable& variable) {
      return types.at(variable.type).name == name;
    });
  }

  Result<Reference> undefined(const Symbol& symbol) const {
    const bool configuration = is_configuration(symbol.name);
    if (symbol.binding == Binding::weak && !configuration) return Reference(Undefined{});
    return error(Fault::unsupported,
                 format("needs {} {}, which is not in the object",
                        configuration ? "the kernel configuration" : "the kernel's", symbol.name),
                 "kernel functions, kernel variables and __kconfig are not provided");
  }

  const Image& image_;
  u32 number_;
  u64 offset_;
  const isa::Slot& slot_;
};

}  // namespace

bool is_wide(const isa::Slot& slot) { return slot.opcode == kWideOpcode; }
bool is_call(const isa::Slot& slot) { return slot.opcode == kCallOpcode; }

Result<Reference> reference_of(const Image& image, u32 section, u64 offset, const isa::Slot& slot) {
  return Resolver(image, section, offset, slot).run();
}

}  // namespace skep::object
