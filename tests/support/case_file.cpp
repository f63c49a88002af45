#include "support/case_file.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "base/text.hpp"

namespace skep::test {

std::string_view CaseFile::field(std::string_view name) const {
  for (const auto& [key, value] : fields) {
    if (key == name) return value;
  }
  return {};
}

std::vector<std::string_view> CaseFile::all(std::string_view name) const {
  std::vector<std::string_view> out;
  for (const auto& [key, value] : fields) {
    if (key == name) out.push_back(value);
  }
  return out;
}

bool CaseFile::has(std::string_view name) const {
  return std::ranges::any_of(fields, [&](const auto& field) { return field.first == name; });
}

Result<CaseFile> read_case(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) return Error(Fault::absent, format("cannot read {}", path.string()));
  CaseFile out{path, {}, {}};
  std::string line;
  while (std::getline(file, line)) {
    const bool indented = line.starts_with("  ");
    if (indented && !out.fields.empty()) {
      out.fields.back().second += line.substr(2) + "\n";
      continue;
    }
    if (trimmed(line).empty()) continue;
    if (line.starts_with("#")) {
      if (!out.sentence.empty()) out.sentence += " ";
      out.sentence += trimmed(std::string_view(line).substr(1));
      continue;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) {
      return Error(Fault::malformed, format("{}: line without a field: {}", path.string(), line));
    }
    out.fields.emplace_back(line.substr(0, colon),
                            trimmed(std::string_view(line).substr(colon + 1)));
  }
  if (out.sentence.empty())
    return Error(Fault::malformed, format("{}: no sentence says what must hold", path.string()));
  return out;
}

std::vector<CaseFile> cases_in(std::string_view folder) {
  std::vector<std::filesystem::path> paths;
  const std::filesystem::path root = std::filesystem::path(SKEP_SOURCE_DIR) / folder;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (entry.path().extension() == ".case") paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  std::vector<CaseFile> out;
  for (const auto& path : paths) {
    auto read = read_case(path);
    if (!read.ok()) {
      std::fprintf(stderr, "%s\n", read.error().what());
      std::abort();  // a case that cannot be read is a broken test
    }
    out.push_back(std::move(read).take());
  }
  return out;
}

}  // namespace skep::test
