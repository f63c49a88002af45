#include "dwarf/sections.hpp"

namespace skep::dwarf {
namespace {

// "info" of .debug_info, .zdebug_info and .debug_info.dwo; empty for any other section.
std::string_view kind_of(std::string_view name, Part part) {
  if (name.ends_with(".dwo") != (part == Part::split)) return {};
  if (part == Part::split) name.remove_suffix(4);
  for (const std::string_view prefix : {".debug_", ".zdebug_"}) {
    if (name.starts_with(prefix)) return name.substr(prefix.size());
  }
  return {};
}

// Null when nothing there is of interest.
Bytes* single(Sections& sections, std::string_view kind) {
  if (kind == "abbrev") return &sections.abbreviations;
  if (kind == "str") return &sections.text;
  if (kind == "line_str") return &sections.line_text;
  if (kind == "str_offsets") return &sections.text_offsets;
  return nullptr;
}

}  // namespace

Result<Sections> read_sections(ElfFile& file, Part part, const Inflate& inflate) {
  Sections out;
  out.part = part;
  for (const ElfSection& section : file.sections()) {
    const std::string_view kind = kind_of(section.name, part);
    if (section.bytes.empty()) continue;  // a program whose debug information was moved out of it
    Bytes* const one = single(out, kind);
    if (one != nullptr) *one = TRY(file.contents(&section, inflate));
    if (kind == "info") out.info.push_back(TRY(file.contents(&section, inflate)));
    if (kind == "types") out.types.push_back(TRY(file.contents(&section, inflate)));
  }
  return out;
}

}  // namespace skep::dwarf
