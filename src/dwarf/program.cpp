#include "dwarf/program.hpp"

#include <algorithm>

#include "dwarf/package.hpp"

namespace skep::dwarf {

Result<Program> Program::open(Bytes file, Surroundings around, Inflate inflate,
                              Functions functions) {
  Program program;
  program.around_ = std::move(around);
  program.inflate_ = std::move(inflate);
  program.functions_ = functions;
  auto main = TRY(read_debug_file(file, Part::whole, program.inflate_));
  if (main->sections.empty()) {
    auto split = TRY(read_sections(main->elf, Part::split, program.inflate_));
    if (!split.empty()) {
      main->sections = std::move(split);  // a .dwo file on its own
    } else {
      main = TRY(open_separate(main->elf, program.around_, program.inflate_));
    }
  }
  TRY(program.add(std::move(main)));
  return program;
}

Result<void> Program::add(DebugFilePointer file) {
  auto headers = TRY(read_unit_headers(file->sections));
  TRY(place_in_package(file->elf, inflate_, headers));
  abbreviations_.emplace(&file->sections, Abbreviations(file->sections.abbreviations));
  for (const UnitHeader& header : headers) {
    const u64 number = units_.size();
    if (header.is_type()) by_signature_.emplace(header.id, number);
    by_section_[header.section.data()].push_back(number);
    units_.push_back({.header = header, .unit = nullptr});
  }
  files_.push_back(std::move(file));
  return {};
}

Result<Unit*> Program::load(u64 number) {
  Slot& slot = units_[number];
  if (slot.unit || slot.is_linked_part) return slot.unit.get();
  const UnitHeader& header = slot.header;
  const std::string place = format("unit at offset 0x{:x}", header.offset);
  auto table =
      TRY(abbreviations_.at(header.sections).at(header.abbreviations, header.widths).within(place));
  slot.unit =
      std::make_unique<Unit>(TRY(Unit::load(header, std::move(table), functions_).within(place)));
  Unit& unit = *slot.unit;
  slot.is_linked_part = !unit.entries().empty() && unit.has(kRoot, Attribute::dwo_name) &&
                        header.sections->part == Part::whole;
  if (!slot.is_linked_part) return &unit;
  TRY(add_split_of(unit));
  slot.unit.reset();
  return nullptr;
}

Result<void> Program::add_split_of(const Unit& skeleton) {
  if (has_package_) return {};
  if (auto package = TRY(open_package(around_, inflate_))) {
    has_package_ = true;
    return add(std::move(package));
  }
  const Attributes root = skeleton.attributes(kRoot);
  auto file = TRY(open_split(skeleton.text(root.find(Attribute::dwo_name)),
                             skeleton.text(root.find(Attribute::comp_dir)), around_, inflate_));
  return add(std::move(file));
}

void Program::give_back(u64 number) {
  if (!units_[number].stays) units_[number].unit.reset();
}

Result<Unit*> Program::load_to_stay(u64 number) {
  units_[number].stays = true;
  return load(number);
}

std::optional<u64> Program::unit_at(Bytes section, u64 offset) const {
  const auto units = by_section_.find(section.data());
  if (units == by_section_.end()) return std::nullopt;
  const auto behind = std::ranges::upper_bound(
      units->second, offset, {}, [this](u64 number) { return units_[number].header.offset; });
  if (behind == units->second.begin()) return std::nullopt;
  return *(behind - 1);
}

Result<std::optional<Place>> Program::follow(Unit& from, const Value& value) {
  Unit* unit = &from;
  u64 offset = value.number;
  if (value.meaning == Meaning::signature) {
    const auto found = by_signature_.find(value.number);
    if (found == by_signature_.end()) return std::optional<Place>();
    unit = TRY(load_to_stay(found->second));
    offset = units_[found->second].header.type;
  } else if (value.meaning == Meaning::entry_in_section) {
    const Sections& sections = *from.header().sections;
    const auto number = unit_at(sections.info.empty() ? Bytes() : sections.info.front(), offset);
    if (!number) return std::optional<Place>();
    unit = TRY(load_to_stay(*number));
    offset -= units_[*number].header.offset;
  } else if (value.meaning != Meaning::entry_in_unit) {
    return std::optional<Place>();
  }
  const EntryNumber entry = unit == nullptr ? kNoEntry : unit->find(offset);
  if (entry == kNoEntry) return std::optional<Place>();
  return std::optional(Place{.unit = unit, .entry = entry});
}

}  // namespace skep::dwarf
