// Relocations of instructions; what their addends mean is in Documentation/bpf/llvm_reloc.rst of
// Linux.
#include "object/relocate.hpp"

#include <algorithm>

namespace skep::object {
namespace {

constexpr u8 kSourceHelper = 0, kSourceLocal = 1;  // of calls: RFC 9669, 4.3.1

class Resolver {
 public:
  Resolver(const Image& image, u32 section, u64 offset, const isa::Slot& slot,
           std::span<const Relocation> ahead)
      : image_(image), number_(section), offset_(offset), slot_(slot), ahead_(ahead) {}

  Result<Reference> run() const {
    const Relocation* relocation =
        ahead_.empty() || ahead_[0].offset != offset_ ? nullptr : &ahead_[0];
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

  Result<Reference> wide(const Relocation* relocation) const {
    const auto behind = ahead_.subspan(relocation == nullptr ? 0 : 1);
    if (!behind.empty() && behind[0].offset == offset_ + 8) {
      return malformed("a relocation inside of a 64-bit immediate");
    }
    if (slot_.src() != 0) {
      return malformed(
          format("a 64-bit immediate of kind {}, which only a loader writes", slot_.src()));
    }
    if (relocation == nullptr) return Reference(NoReference{});
    if (relocation->kind != kRelocate64) return unknown(*relocation);
    const Symbol& symbol = image_.elf.symbols()[relocation->symbol];
    if (symbol.section == kUndefined) {
      return undefined(relocation->symbol, static_cast<u64>(s64{slot_.immediate}));
    }
    TRY(has_section(symbol));
    return target(symbol, symbol.value + static_cast<u64>(s64{slot_.immediate}));
  }

  Result<Reference> target(const Symbol& symbol, u64 offset) const {
    const Section& home = image_.elf.sections()[symbol.section];
    if (home.is_code()) return function(symbol.section, offset);
    const auto first = std::ranges::lower_bound(image_.map_places, PlacedMap{symbol.section});
    if (first != image_.map_places.end() && first->section == symbol.section) {
      return map(symbol, offset);
    }
    const auto globals = image_.map_of[symbol.section];
    if (!globals) {
      return error(Fault::unsupported,
                   format("refers to {} in section {}, which is neither code nor data", symbol.name,
                          home.name));
    }
    if (offset >= home.size) {
      return malformed(format("refers to {}, which has {}", place(home.name, offset),
                              counted(home.size, "byte")));
    }
    return Reference(ValueReference{*globals, static_cast<u32>(offset)});
  }

  Result<Reference> map(const Symbol& symbol, u64 offset) const {
    const auto found =
        std::ranges::lower_bound(image_.map_places, PlacedMap{symbol.section, offset});
    if (found == image_.map_places.end() || found->section != symbol.section ||
        found->offset != offset) {
      const std::string_view home = image_.elf.sections()[symbol.section].name;
      return malformed(
          format("refers to {} ({}), where no map begins", symbol.name, place(home, offset)));
    }
    return Reference(MapReference{found->number});
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
    if (symbol.section == kUndefined) return undefined(relocation->symbol, 0);
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

  Result<Reference> undefined(u32 number, u64 addend) const {
    if (const auto known = image_.externs_of_symbols[number]) {
      return Reference(ExternReference{*known, addend});
    }
    const Symbol& symbol = image_.elf.symbols()[number];
    if (symbol.binding == Binding::weak) return Reference(Undefined{});
    return error(Fault::unsupported, format("refers to {}, which nothing defines", symbol.name),
                 advice(symbol.name));
  }

  // Names of the object that the author may have meant.
  std::string advice(std::string_view wanted) const {
    std::vector<std::string_view> known;
    for (const Symbol& symbol : image_.elf.symbols()) {
      const bool is_named =
          symbol.kind == SymbolKind::function || symbol.kind == SymbolKind::object;
      if (is_named && symbol.section != kUndefined) known.push_back(symbol.name);
    }
    std::string near = did_you_mean(wanted, known);
    if (!near.empty()) return near;
    return "declare what the kernel provides with __ksym or __kconfig, and compile with -g; link "
           "objects that need each other with skep link";
  }

  const Image& image_;
  u32 number_;
  u64 offset_;
  const isa::Slot& slot_;
  std::span<const Relocation> ahead_;
};

}  // namespace

bool is_wide(const isa::Slot& slot) { return slot.opcode == isa::kWideOpcode; }
bool is_call(const isa::Slot& slot) { return slot.opcode == isa::kCallOpcode; }

Result<Reference> reference_of(const Image& image, u32 section, u64 offset, const isa::Slot& slot,
                               std::span<const Relocation> ahead) {
  return Resolver(image, section, offset, slot, ahead).run();
}

}  // namespace skep::object
