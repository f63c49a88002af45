// Two names for one function (aliases) are one function under the better visible name.
#include "object/functions.hpp"

#include <algorithm>
#include <tuple>

namespace skep::object {
namespace {

std::tuple<u32, u64> where(const FunctionSymbol& function) {
  return {function.section, function.offset};
}

Result<FunctionSymbol> function(const Symbol& symbol, const Section& section) {
  if (symbol.value % 8 != 0 || symbol.size % 8 != 0 || symbol.size == 0 ||
      symbol.value > section.size || symbol.size > section.size - symbol.value) {
    return Error(Fault::malformed, format("{}: function {} has {} in a section of {}, expected "
                                          "whole instructions inside",
                                          place(section.name, symbol.value), symbol.name,
                                          counted(symbol.size, "byte"), section.size));
  }
  const bool is_global = symbol.binding != Binding::local && !symbol.is_hidden;
  return FunctionSymbol{
      .name = symbol.name,
      .section = symbol.section,
      .offset = symbol.value,
      .size = symbol.size,
      .binding = symbol.binding,
      .linkage = is_global ? platform::Linkage::global : platform::Linkage::local};
}

}  // namespace

Result<Functions> Functions::read(const Elf& elf) {
  Functions out;
  for (const Symbol& symbol : elf.symbols()) {
    if (symbol.kind != SymbolKind::function || symbol.section >= elf.sections().size()) continue;
    const Section& section = elf.sections()[symbol.section];
    if (section.is_code()) out.all_.push_back(TRY(function(symbol, section)));
  }
  std::ranges::stable_sort(out.all_, {}, [](const FunctionSymbol& each) {
    return std::tuple_cat(where(each), std::tuple(each.binding == Binding::local));
  });
  const auto same = std::ranges::unique(out.all_, [](const auto& left, const auto& right) {
    return where(left) == where(right) && left.size == right.size;
  });
  out.all_.erase(same.begin(), same.end());
  const auto overlap =
      std::ranges::adjacent_find(out.all_, [](const auto& left, const auto& right) {
        return left.section == right.section && left.offset + left.size > right.offset;
      });
  if (overlap == out.all_.end()) return out;
  return Error(Fault::malformed,
               format("{}: functions {} and {} overlap",
                      place(elf.sections()[overlap->section].name, overlap[1].offset),
                      overlap->name, overlap[1].name));
}

bool Functions::is_program(u32 number, const Elf& elf) const {
  const FunctionSymbol& function = all_[number];
  if (elf.sections()[function.section].name == ".text") return all_.size() == 1;
  return function.binding != Binding::local;
}

std::optional<u32> Functions::at(u32 section, u64 offset) const {
  const auto found = std::ranges::lower_bound(all_, std::tuple(section, offset), {}, where);
  if (found == all_.end() || where(*found) != std::tuple(section, offset)) return std::nullopt;
  return static_cast<u32>(found - all_.begin());
}

}  // namespace skep::object
