#include "dwarf/package.hpp"

#include <algorithm>
#include <array>

namespace skep::dwarf {
namespace {

// DW_SECT_*
constexpr u32 kInfo = 1, kTypes = 2, kAbbreviations = 3, kTextOffsets = 6;

struct Parts {
  u64 unit = 0, unit_size = 0, abbreviations = 0, text_offsets = 0;
};

struct IndexHeader {
  le32 version;  // of 16 bits in DWARF 5, with zeros behind it
  le32 columns, units, slots;
};

Result<Parts> read_row(Bytes index, const IndexHeader& header, u64 columns_at, u64 row) {
  Parts parts;
  for (u64 column = 0; column < header.columns; ++column) {
    const u32 section = TRY(index.read<le32>(columns_at + column * 4));
    const u64 cell = columns_at + ((row + 1) * header.columns + column) * 4;
    const u32 offset = TRY(index.read<le32>(cell));
    if (section == kInfo || section == kTypes) {
      parts.unit = offset;
      parts.unit_size = TRY(index.read<le32>(cell + u64{header.units} * header.columns * 4));
    }
    if (section == kAbbreviations) parts.abbreviations = offset;
    if (section == kTextOffsets) parts.text_offsets = offset;
  }
  return parts;
}

Result<std::vector<Parts>> read_index(Bytes index) {
  const auto header = TRY(index.read<IndexHeader>(0));
  const u64 columns_at = sizeof header + u64{header.slots} * 12;
  std::vector<Parts> rows;
  for (u64 row = 0; row < header.units; ++row) {
    rows.push_back(TRY(read_row(index, header, columns_at, row)));
  }
  std::ranges::sort(rows, {}, &Parts::unit);
  return rows;
}

void place(UnitHeader& unit, const std::vector<Parts>& rows) {
  auto found = std::ranges::upper_bound(rows, unit.offset, {}, &Parts::unit);
  if (found == rows.begin()) return;
  --found;
  if (unit.offset - found->unit >= found->unit_size) return;
  unit.abbreviations += found->abbreviations;
  unit.text_offsets += found->text_offsets;
}

}  // namespace

Result<void> place_in_package(ElfFile& file, const Inflate& inflate, std::span<UnitHeader> units) {
  for (const std::string_view name : {".debug_cu_index", ".debug_tu_index"}) {
    const Bytes index = TRY(file.contents(file.find(name), inflate));
    if (index.empty()) continue;
    const auto rows = TRY(read_index(index).within(format("section {}", name)));
    for (UnitHeader& unit : units) {
      if (unit.is_type() == (name == ".debug_tu_index")) place(unit, rows);
    }
  }
  return {};
}

}  // namespace skep::dwarf
