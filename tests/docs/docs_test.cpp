// Every command that the pages show is run, and prints what they show.
//
// The commands run in a folder that looks like the source tree after a build, in which what they
// write is nobody's. A command may fail only where the next one shows its exit code. UPDATE=1 puts
// what was printed into the pages; whoever does so reads the difference.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "docs/console.hpp"

namespace skep::docs {
namespace {

namespace fs = std::filesystem;

const fs::path kSource = SKEP_SOURCE_DIR;

std::string contents(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::vector<std::string> pages() {
  std::vector<std::string> all = {"README.md"};
  for (const auto& entry : fs::directory_iterator(kSource / "docs/manual")) {
    if (entry.path().extension() == ".md")
      all.push_back(entry.path().lexically_relative(kSource).string());
  }
  return all;
}

// The source tree as a user has it, with the program of this build in build/.
class Folder {
 public:
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "skep-docs-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
    fs::create_directory(path_ / "build");
    for (const char* each : {"bpf", "tests", "build/bpf"})
      fs::create_directory_symlink(kSource / each, path_ / each);
    fs::create_symlink(SKEP_BINARY, path_ / "build/skep");
    fs::create_directory_symlink(fs::path(SKEP_BINARY_DIR) / "examples", path_ / "build/examples");
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string path() const { return path_.string(); }

 private:
  fs::path path_;
};

void check_block(const Block& block, const std::vector<Ran>& ran) {
  ASSERT_EQ(ran.size(), block.commands.size()) << "the shell stopped in the middle";
  for (std::size_t at = 0; at < ran.size(); ++at) {
    const Command& command = block.commands[at];
    std::ostringstream printed;
    for (const std::string& line : ran[at].printed) printed << line << '\n';
    EXPECT_TRUE(matches(command.shown, ran[at].printed)) << "$ " << command.text << "\nprints:\n"
                                                         << printed.str();
    const bool code_shown =
        at + 1 < ran.size() && block.commands[at + 1].text.starts_with("echo $?");
    EXPECT_TRUE(ran[at].code == 0 || code_shown)
        << "$ " << command.text << "\nends with " << ran[at].code;
  }
}

// The block's lines with what was printed where what is shown does not fit.
Lines updated(const Block& block, const std::vector<Ran>& ran) {
  Lines lines;
  for (std::size_t at = 0; at < block.commands.size(); ++at) {
    const Command& command = block.commands[at];
    const Lines text = lines_of(command.text);
    for (std::size_t line = 0; line < text.size(); ++line)
      lines.push_back((line == 0 ? "$ " : "> ") + text[line]);
    const bool fits = at >= ran.size() || matches(command.shown, ran[at].printed);
    const Lines& shown = fits ? command.shown : ran[at].printed;
    lines.insert(lines.end(), shown.begin(), shown.end());
  }
  return lines;
}

class Page : public testing::TestWithParam<std::string> {};

TEST_P(Page, shows_what_its_commands_print) {
  const Folder folder;
  Lines page = lines_of(contents(kSource / GetParam()));
  std::vector<Block> blocks = blocks_of(page);
  std::vector<Lines> fresh;
  for (const Block& block : blocks) {
    const std::vector<Ran> ran = run(block, folder.path());
    if (std::getenv("UPDATE") == nullptr) check_block(block, ran);
    fresh.push_back(updated(block, ran));
  }
  if (std::getenv("UPDATE") == nullptr) return;
  for (std::size_t at = blocks.size(); at-- > 0;) {
    page.erase(page.begin() + static_cast<std::ptrdiff_t>(blocks[at].begin),
               page.begin() + static_cast<std::ptrdiff_t>(blocks[at].end));
    page.insert(page.begin() + static_cast<std::ptrdiff_t>(blocks[at].begin), fresh[at].begin(),
                fresh[at].end());
  }
  std::ofstream out(kSource / GetParam());
  for (const std::string& line : page) out << line << '\n';
}

INSTANTIATE_TEST_SUITE_P(Every, Page, testing::ValuesIn(pages()), [](const auto& info) {
  std::string name = info.param;
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return name;
});

TEST(Console, an_ellipsis_is_any_text_or_any_lines_and_nothing_else_is) {
  EXPECT_TRUE(matches({"a … c", "…", "z"}, {"a b c", "x", "y", "z"}));
  EXPECT_TRUE(matches({"…"}, {}));
  EXPECT_FALSE(matches({"a"}, {"b"}));
  EXPECT_FALSE(matches({"a"}, {"a", "b"}));
  EXPECT_FALSE(matches({"a … c"}, {"a b d"}));
}

}  // namespace
}  // namespace skep::docs
