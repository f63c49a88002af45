// The names that the pages use are those of the tree and of the tables: files, flags, helpers, map
// kinds, context fields, rules of the verifier.
#include <gtest/gtest.h>
#include <regex.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "cli/command.hpp"
#include "platform/contexts.hpp"
#include "platform/helpers.hpp"
#include "platform/map_kinds.hpp"
#include "platform/program_types.hpp"
#include "platform/section_names.hpp"
#include "verify/properties.hpp"

namespace skep::docs {
namespace {

namespace fs = std::filesystem;
using Names = std::set<std::string>;

const fs::path kSource = SKEP_SOURCE_DIR;

std::string contents(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(kSource / path).rdbuf();
  EXPECT_FALSE(text.str().empty()) << path;
  return text.str();
}

// What the first group of `pattern` (an extended regular expression) matches, all over `text`.
Names found(const std::string& text, const std::string& pattern) {
  regex_t expression;  // <regex> of g++ 12 does not compile without warnings under sanitizers
  EXPECT_EQ(::regcomp(&expression, pattern.c_str(), REG_EXTENDED), 0) << pattern;
  Names names;
  regmatch_t groups[2];
  const char* at = text.c_str();
  for (; ::regexec(&expression, at, 2, groups, 0) == 0; at += groups[0].rm_eo)
    names.insert(std::string(at + groups[1].rm_so, at + groups[1].rm_eo));
  ::regfree(&expression);
  return names;
}

// The text of a Markdown or scdoc page from the heading `title` to the next one of any level.
std::string section(const std::string& page, const std::string& title) {
  const std::size_t heading = page.find(title + "\n");
  EXPECT_NE(heading, std::string::npos) << title;
  if (heading == std::string::npos) return {};
  const std::size_t begin = heading + title.size();
  return page.substr(begin, page.find("\n#", begin) - begin);
}

std::vector<std::string> pages() {
  std::vector<std::string> all = {"README.md", "ARCHITECTURE.md", "CHANGELOG.md"};
  for (const auto& entry : fs::recursive_directory_iterator(kSource / "docs")) {
    if (entry.path().extension() == ".md")
      all.push_back(entry.path().lexically_relative(kSource).string());
  }
  return all;
}

TEST(Names, files_that_pages_name_are_there) {
  const std::string pattern =
      "[`(]((src|docs|tools|tests|bpf|bench|cmake|include|\\.ci)/[A-Za-z0-9_./-]*)[`)#]";
  for (const std::string& page : pages()) {
    for (const std::string& path : found(contents(page), pattern))
      EXPECT_TRUE(fs::exists(kSource / path)) << page << " names " << path;
  }
}

// "`examples/count/main.cpp`:" and a block of C++ behind it.
TEST(Names, programs_that_pages_show_are_those_that_are_built) {
  std::size_t shown = 0;
  for (const std::string& page : pages()) {
    const std::string text = contents(page);
    for (const std::string& path : found(text, "`(examples/[a-z_/]*\\.cpp)`:")) {
      const std::string start = "`" + path + "`:\n\n```cpp\n";
      const std::size_t begin = text.find(start) + start.size();
      EXPECT_EQ(text.substr(begin, text.find("```\n", begin) - begin), contents(path)) << page;
      ++shown;
    }
  }
  EXPECT_GE(shown, 2u);
}

TEST(Names, links_between_pages_lead_somewhere) {
  for (const std::string& page : pages()) {
    for (const std::string& link : found(contents(page), "\\]\\(([^):#]+)[)#]"))
      EXPECT_TRUE(fs::exists(kSource / fs::path(page).parent_path() / link))
          << page << " links to " << link;
  }
}

TEST(Names, files_that_sources_refer_to_in_docs_are_there) {
  for (const auto& entry : fs::recursive_directory_iterator(kSource / "src")) {
    if (!entry.is_regular_file()) continue;
    const std::string path = entry.path().lexically_relative(kSource).string();
    if (fs::file_size(entry.path()) == 0) continue;
    for (const std::string& named : found(contents(path), "(docs/[a-z0-9_/.-]*\\.(md|scd))"))
      EXPECT_TRUE(fs::exists(kSource / named)) << path << " names " << named;
  }
}

Names flags_of(std::span<const cli::Flag> flags) {
  Names names;
  for (const cli::Flag flag : flags) names.insert(std::string(cli::row(flag).name));
  return names;
}

TEST(Names, the_manual_page_has_every_flag_of_every_command_and_no_other) {
  const std::string page = contents("docs/man/skep.1.scd");
  const std::string flag = "\\*(--[a-z-]+)\\*";
  EXPECT_EQ(found(section(page, "# OPTIONS OF EVERY COMMAND"), flag),
            flags_of(cli::common_flags()));
  for (const cli::Command& command : cli::commands()) {
    const std::string title = "## skep " + std::string(command.name);
    EXPECT_EQ(found(section(page, title), flag), flags_of(command.flags)) << title;
  }
}

TEST(Names, helpers_of_the_manual_are_those_of_the_table) {
  Names table;
  for (const platform::HelperRow& helper : platform::helpers()) {
    if (platform::is_provided(helper)) table.insert("bpf_" + std::string(helper.name));
  }
  const std::string page = contents("docs/manual/writing-programs.md");
  EXPECT_EQ(found(section(page, "## Helpers"), "`(bpf_[a-z0-9_]+)`"), table);
}

TEST(Names, map_kinds_of_the_manual_are_those_of_the_table) {
  Names table;
  for (const platform::MapKind kind : every<platform::MapKind>()) {
    const platform::MapKindRow& row = platform::row(kind);
    if (row.user_engine != platform::InUserEngine::yes) continue;
    std::string name = "BPF_MAP_TYPE_";
    for (const char c : row.name) name += static_cast<char>(std::toupper(c));
    table.insert(name);
  }
  const std::string page = contents("docs/manual/writing-programs.md");
  EXPECT_EQ(found(section(page, "## Maps"), "`(BPF_MAP_TYPE_[A-Z_]+)`"), table);
}

TEST(Names, sections_of_the_manual_are_those_of_the_table) {
  const std::string page = contents("docs/manual/writing-programs.md");
  const Names shown = found(section(page, "## Program types"), "`([a-z][a-z./]*)`");
  for (const platform::SectionName& each : platform::section_names()) {
    const std::string name(each.name);
    const bool is_map_entry = name.ends_with("/devmap") || name.ends_with("/cpumap");
    if (platform::row(each.type).input == platform::Input::none || is_map_entry) continue;
    EXPECT_TRUE(shown.contains(name)) << name;
  }
}

TEST(Names, context_fields_of_the_manual_are_those_of_the_table) {
  const std::string page = contents("docs/manual/writing-programs.md");
  for (const platform::ProgramType type : every<platform::ProgramType>()) {
    const platform::ProgramTypeRow& row = platform::row(type);
    if (row.input != platform::Input::packet) continue;
    Names table;
    for (const platform::ContextField& field : platform::context_of(type)) {
      if (field.is_in_user_engine()) table.insert(std::string(field.name));
    }
    EXPECT_EQ(found(section(page, "### Fields of " + std::string(row.name)), "`([a-z_]+)`"), table);
  }
}

TEST(Names, rules_of_the_verifier_in_the_manual_are_those_of_the_table) {
  Names table;
  for (const verify::Property property : every<verify::Property>())
    table.insert(std::string(verify::kProperties[property].name));
  const std::string page = contents("docs/manual/writing-programs.md");
  EXPECT_EQ(found(section(page, "## Rules"), "\\| `([a-z-]+)` \\|"), table);
}

}  // namespace
}  // namespace skep::docs
