#include "object/static_link/symbols.hpp"

#include <elf.h>

#include <algorithm>

#include "object/static_link/agreement.hpp"

namespace skep::object::static_link {
namespace {

constexpr std::string_view kMaps = ".maps";

std::string_view noun(const btf::Types& types, const Claim& claim) {
  if (claim.section == kMaps) return "map";
  return types.kind(claim.declaration.type) == btf::Kind::function ? "function" : "variable";
}

}  // namespace

const Global* Symbols::find(std::string_view name) const {
  const auto found = globals_.find(name);
  return found == globals_.end() ? nullptr : &found->second;
}

std::vector<std::string> Symbols::undefined() const {
  std::vector<std::string> out;
  for (const auto& [name, global] : globals_) {
    const std::string_view section = global.claim.section;
    if (global.claim.standing != Standing::declared) continue;
    if (section != ".kconfig" && section != ".ksyms") out.emplace_back(name);
  }
  return out;
}

Result<void> Symbols::add(u32 input) {
  const auto& symbols = inputs_[input].elf.symbols();
  std::vector<std::optional<Target>> targets(symbols.size());
  for (u32 number = 1; number < symbols.size(); ++number) {
    targets[number] = TRY(one(input, symbols[number]).within(inputs_[input].name));
  }
  targets_.push_back(std::move(targets));
  return {};
}

Result<std::optional<Target>> Symbols::one(u32 input, const Symbol& symbol) {
  const bool is_in_section = symbol.section != kUndefined && symbol.section < SHN_LORESERVE;
  std::optional<Place> place;
  if (is_in_section) {
    place = sections_.place(input, symbol.section);
    if (!place) return std::nullopt;
    if (symbol.kind == SymbolKind::section) {
      return Target{section_symbol(place->section), place->offset + symbol.value};
    }
  }
  if (symbol.binding == Binding::local) return Target{append(symbol, place), 0};
  return TRY(visible(input, symbol, place));
}

Result<Target> Symbols::visible(u32 input, const Symbol& symbol, std::optional<Place> place) {
  const Claim claim = TRY(claim_of(input, symbol));
  const auto known = globals_.find(symbol.name);
  if (known == globals_.end()) {
    const u32 number = append(symbol, place);
    globals_.emplace(symbol.name, Global{number, claim});
    return Target{number, 0};
  }
  Global& global = known->second;
  if (place && place->is_shared) return Target{global.symbol, 0};
  TRY(agree(symbol, global.claim, claim));
  ElfSymbol& linked = all_[global.symbol];
  if (symbol.binding != Binding::weak) linked.binding = STB_GLOBAL;
  if (symbol.is_hidden) linked.visibility = STV_HIDDEN;
  if (global.claim.section.empty() && claim.standing == global.claim.standing) {
    global.claim.section = claim.section;
  }
  if (claim.standing <= global.claim.standing) return Target{global.symbol, 0};
  global.claim = claim;
  linked.type = type_of(symbol.kind);
  linked.section = place ? place->section : symbol.section;
  linked.value = symbol.value + (place ? place->offset : 0);
  linked.size = symbol.size;
  return Target{global.symbol, 0};
}

Result<Claim> Symbols::claim_of(u32 input, const Symbol& symbol) const {
  const auto& declarations = inputs_[input].declarations;
  const auto found = declarations.find(symbol.name);
  if (found == declarations.end()) {
    return Error(
        Fault::unsupported,
        format("{} has no type, so that nobody can tell whether all files mean the same by "
               "it",
               symbol.name.empty() ? "a symbol without name" : symbol.name),
        "compile with -g");
  }
  Claim claim{.input = input, .declaration = found->second, .section = found->second.section};
  if (symbol.section == kUndefined) return claim;
  claim.standing = symbol.binding == Binding::weak ? Standing::weak : Standing::defined;
  if (symbol.section < SHN_LORESERVE) {
    claim.section = inputs_[input].elf.sections()[symbol.section].name;
  }
  return claim;
}

Result<void> Symbols::agree(const Symbol& symbol, const Claim& known, const Claim& added) const {
  const Input& first = inputs_[known.input];
  const Input& second = inputs_[added.input];
  const btf::Types& types = *first.types.types;
  const bool is_map = known.section == kMaps && added.section == kMaps;
  const bool is_twice = known.standing == Standing::defined && added.standing == Standing::defined;
  const std::string_view what = noun(types, known);
  if (is_twice && !is_map) {
    return Error(Fault::malformed,
                 format("{} {} is defined in {} too", what, symbol.name, first.name),
                 "make one of them static, or __weak to let the other one replace it, or only "
                 "declare it there (extern)");
  }
  const bool one_is_declared =
      known.standing == Standing::declared || added.standing == Standing::declared;
  if (one_is_declared && !known.section.empty() && !added.section.empty() &&
      known.section != added.section) {
    return Error(Fault::malformed,
                 format("{} {} is in section {}, and in {} in section {}", what, symbol.name,
                        added.section, first.name, known.section),
                 "declare it with the section of its definition");
  }
  const auto compare = is_map ? map_difference : difference;
  const auto found =
      TRY(compare(types, known.declaration.type, *second.types.types, added.declaration.type));
  if (found) {
    return Error(
        Fault::malformed,
        format("{} is {}, and in {} it is {}", found->what, found->right, first.name, found->left),
        format("declare {} in one header that both files include", symbol.name));
  }
  if (!is_twice) return {};
  return Error(Fault::malformed, format("map {} is defined in {} too", symbol.name, first.name),
               "declare it there (extern) or make one of them __weak");
}

u32 Symbols::append(const Symbol& symbol, std::optional<Place> place) {
  all_.push_back({.name = std::string(symbol.name),
                  .type = type_of(symbol.kind),
                  .binding = binding_of(symbol.binding),
                  .visibility = symbol.is_hidden ? u8{STV_HIDDEN} : u8{STV_DEFAULT},
                  .section = place ? place->section : symbol.section,
                  .value = symbol.value + (place ? place->offset : 0),
                  .size = symbol.size});
  return static_cast<u32>(all_.size() - 1);
}

u32 Symbols::section_symbol(u32 section) {
  std::optional<u32>& number = section_symbols_[section];
  if (!number) {
    number = static_cast<u32>(all_.size());
    all_.push_back({.type = STT_SECTION, .binding = STB_LOCAL, .section = section});
  }
  return *number;
}

}  // namespace skep::object::static_link
