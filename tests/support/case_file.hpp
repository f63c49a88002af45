// Test cases as text: the one reader of tests/cases/**/*.case.
//
// A case opens with comment lines that say what must hold. Then come fields, `name: value`; a field
// without a value takes the indented lines below it. Fields may stand several times (map:).
#pragma once

#include <filesystem>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "skep/result.hpp"

namespace skep::test {

struct CaseFile {
  std::filesystem::path path;
  std::string sentence;
  std::vector<std::pair<std::string, std::string>> fields;

  // The value of `name`, or an empty text.
  std::string_view field(std::string_view name) const;
  std::vector<std::string_view> all(std::string_view name) const;
  bool has(std::string_view name) const;
  std::string stem() const { return path.stem().string(); }

  // For GoogleTest's messages.
  friend std::ostream& operator<<(std::ostream& out, const CaseFile& file) {
    return out << file.path.string();
  }
};

Result<CaseFile> read_case(const std::filesystem::path& path);

// Every *.case below `folder` (relative to the source tree), by name. Empty is a failure of the
// test that asks.
std::vector<CaseFile> cases_in(std::string_view folder);

}  // namespace skep::test
