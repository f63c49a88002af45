#include "dwarf/debug_files.hpp"

#include <unistd.h>

#include <algorithm>

namespace skep::dwarf {
namespace {

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

// With its slash; empty for a name without folder.
std::string folder_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? "" : std::string(path.substr(0, slash + 1));
}

std::string_view name_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::string joined(std::string_view folder, std::string_view name) {
  if (name.starts_with('/') || folder.empty()) return std::string(name);
  return format(folder.ends_with('/') ? "{}{}" : "{}/{}", folder, name);
}

std::string by_build_id(Bytes id, const std::string& debug_folder) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out = debug_folder + "/.build-id/";
  for (u64 at = 0; at < id.size(); ++at) {
    const auto byte = std::to_integer<u8>(id.span()[at]);
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
    if (at == 0) out += '/';
  }
  return out + ".debug";
}

std::vector<std::string> places_of(const ElfFile& program, const Surroundings& around) {
  std::vector<std::string> places;
  const Bytes id = program.build_id();
  if (id.size() > 1) places.push_back(by_build_id(id, around.debug_folder));
  const ElfSection* link = program.find(".gnu_debuglink");
  const auto name = link == nullptr ? Result<std::string_view>("") : link->bytes.c_string(0);
  if (!name.ok() || name->empty()) return places;
  const std::string folder = folder_of(around.path);
  places.push_back(folder + std::string(*name));
  places.push_back(folder + ".debug/" + std::string(*name));
  if (folder.starts_with('/')) places.push_back(around.debug_folder + folder + std::string(*name));
  return places;
}

bool is_same_build(const ElfFile& program, const ElfFile& debug) {
  return std::ranges::equal(program.build_id().span(), debug.build_id().span());
}

}  // namespace

Result<DebugFilePointer> read_debug_file(Bytes bytes, Part part, const Inflate& inflate) {
  auto file = std::make_unique<DebugFile>();
  file->elf = TRY(ElfFile::read(bytes));
  file->sections = TRY(read_sections(file->elf, part, inflate));
  return file;
}

Result<DebugFilePointer> open_debug_file(const std::string& path, Part part,
                                         const Inflate& inflate) {
  Mapping mapping = TRY(Mapping::of_file(path));
  auto file = TRY(read_debug_file(mapping.bytes(), part, inflate).within(path));
  file->mapping = std::move(mapping);
  return file;
}

Result<DebugFilePointer> open_separate(const ElfFile& program, const Surroundings& around,
                                       const Inflate& inflate) {
  const auto places = places_of(program, around);
  for (const std::string& place : places) {
    if (!exists(place)) continue;
    auto file = TRY(open_debug_file(place, Part::whole, inflate));
    if (is_same_build(program, file->elf) && !file->sections.empty()) return file;
  }
  const std::string looked = places.empty() ? "" : format("; nor is it in {}", join(places, ", "));
  return Error(Fault::absent, "it has no debug information" + looked,
               "compile with -g, or give the file that has the debug information");
}

Result<DebugFilePointer> open_package(const Surroundings& around, const Inflate& inflate) {
  const std::string path = around.path + ".dwp";
  if (around.path.empty() || !exists(path)) return DebugFilePointer();
  return open_debug_file(path, Part::split, inflate);
}

Result<DebugFilePointer> open_split(std::string_view name, std::string_view folder,
                                    const Surroundings& around, const Inflate& inflate) {
  const std::string beside = folder_of(around.path);
  const std::vector<std::string> places = {joined(folder, name), joined(beside, name),
                                           beside + std::string(name_of(name))};
  for (const std::string& place : places) {
    if (exists(place)) return open_debug_file(place, Part::split, inflate);
  }
  return Error(Fault::absent,
               format("{} is missing, which has types of this program", places.front()),
               format("keep the .dwo files of -gsplit-dwarf where they were built, or put them or "
                      "{}.dwp beside the program",
                      name_of(around.path)));
}

}  // namespace skep::dwarf
