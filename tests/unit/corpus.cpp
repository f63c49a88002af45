#include "corpus.hpp"

#include <elf.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <string_view>

#include "base/mapping.hpp"

namespace skep::object {
namespace {

constexpr u16 kMachineBpf = 247;

// Where the object that begins at `start` ends; 0 when none begins there.
u64 end_of_object(Bytes file, u64 start) {
  const auto header = file.read<Elf64_Ehdr>(start);
  if (!header.ok() || header->e_type != ET_REL || header->e_machine != kMachineBpf) return 0;
  u64 end = header->e_shoff + u64{header->e_shnum} * sizeof(Elf64_Shdr);
  for (u32 number = 0; number < header->e_shnum; ++number) {
    const auto section =
        file.read<Elf64_Shdr>(start + header->e_shoff + number * sizeof(Elf64_Shdr));
    if (!section.ok()) return 0;
    if (section->sh_type == SHT_NOBITS) continue;
    end = std::max<u64>(end, section->sh_offset + section->sh_size);
  }
  return start + end <= file.size() ? start + end : 0;
}

}  // namespace

std::vector<CorpusObject> objects_of_folder(const std::filesystem::path& folder) {
  std::set<std::filesystem::path> paths;
  std::error_code ignored;
  for (const auto& each : std::filesystem::recursive_directory_iterator(folder, ignored)) {
    if (each.path().extension() == ".o") paths.insert(each.path());
  }
  std::vector<CorpusObject> out;
  for (const auto& path : paths) {
    const auto file = Mapping::of_file(path.string());
    if (!file.ok()) continue;
    const auto bytes = file->bytes().span();
    out.push_back({path.lexically_relative(folder).string(), {bytes.begin(), bytes.end()}});
  }
  return out;
}

std::vector<CorpusObject> objects_inside(const std::filesystem::path& program) {
  constexpr std::string_view kMagic("\177ELF\2\1\1", 7);
  std::vector<CorpusObject> out;
  const auto file = Mapping::of_file(program.string());
  if (!file.ok()) return out;
  const std::string_view text(reinterpret_cast<const char*>(file->bytes().data()), file->size());
  for (std::size_t at = text.find(kMagic, 1); at != text.npos; at = text.find(kMagic, at + 1)) {
    const u64 end = end_of_object(file->bytes(), at);
    if (end == 0) continue;
    const auto bytes = file->bytes().span().subspan(at, end - at);
    out.push_back({program.filename().string() + "#" + std::to_string(out.size()),
                   {bytes.begin(), bytes.end()}});
  }
  return out;
}

std::vector<std::filesystem::path> files_of_package(const std::string& package) {
  std::ifstream list("/var/lib/dpkg/info/" + package + ".list");
  std::vector<std::filesystem::path> out;
  for (std::string line; std::getline(list, line);) {
    if (std::filesystem::is_regular_file(line) && !std::filesystem::is_symlink(line)) {
      out.emplace_back(line);
    }
  }
  return out;
}

}  // namespace skep::object
