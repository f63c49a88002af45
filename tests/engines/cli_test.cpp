// Runs the cases of tests/cases/cli: commands as users type them, with what they print and exit
// with.
//
// A case is a text file:
//   # why
//   run: skep verify $bpf/flows.bpf.o        one shell line; `skep` is the one just built
//   exit: 0
//   stdout:
//     accepted  flows  xdp  ... visited, ... ms
//   stderr:
// Every line of output must be there, in order; `...` inside a line is any text, a line of nothing
// else is any lines. A section that is left out must be empty. A case runs in a fresh folder of its
// own, with $bpf and $data naming the objects and the captures, $made the damaged files ($made/btf:
// files of types), and $tests the folder of the scripts. With UPDATE=1 in the environment, sections
// that do not match are rewritten with what was printed.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <span>

#include "damaged_files.hpp"
#include "type_files.hpp"

namespace skep {
namespace {

namespace fs = std::filesystem;

using Lines = std::vector<std::string>;

struct Case {
  Lines comments;
  std::string run;
  int exit = 0;
  Lines out;
  Lines err;
};

Lines lines_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  Lines lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

Case read_case(const fs::path& path) {
  Case found;
  Lines* section = nullptr;
  for (const std::string& line : lines_of(path)) {
    if (line.starts_with("#")) {
      found.comments.push_back(line);
    } else if (line.starts_with("run: ")) {
      found.run = line.substr(5);
    } else if (line.starts_with("exit: ")) {
      found.exit = std::stoi(line.substr(6));
    } else if (line == "stdout:") {
      section = &found.out;
    } else if (line == "stderr:") {
      section = &found.err;
    } else if (section != nullptr) {
      section->push_back(line.starts_with("  ") ? line.substr(2) : line);
    }
  }
  return found;
}

std::string section_text(std::string_view name, const Lines& lines) {
  std::string text;
  if (!lines.empty()) text = std::string(name) + ":\n";
  for (const std::string& line : lines) text += "  " + line + "\n";
  return text;
}

void write_case(const fs::path& path, const Case& each) {
  std::ofstream file(path, std::ios::binary);
  for (const std::string& line : each.comments) file << line << "\n";
  file << "run: " << each.run << "\nexit: " << each.exit << "\n";
  file << section_text("stdout", each.out) << section_text("stderr", each.err);
}

// What was printed, as a case says it: the folders of this machine are `...`.
Lines portable(Lines lines) {
  for (std::string& line : lines) {
    for (const std::string folder : {SKEP_BINARY_DIR, SKEP_SOURCE_DIR}) {
      for (std::size_t at = 0; (at = line.find(folder, at)) != std::string::npos;)
        line.replace(at, folder.size(), "...");
    }
  }
  return lines;
}

// `...` is any text, also in place of a whole line's rest.
bool line_matches(std::string_view expected, std::string_view line) {
  const std::size_t gap = expected.find("...");
  if (gap == std::string_view::npos) return expected == line;
  if (!line.starts_with(expected.substr(0, gap))) return false;
  const std::string_view rest = expected.substr(gap + 3);
  for (std::size_t at = gap; at <= line.size(); ++at) {
    if (line_matches(rest, line.substr(at))) return true;
  }
  return false;
}

bool lines_match(std::span<const std::string> expected, std::span<const std::string> lines) {
  if (expected.empty()) return lines.empty();
  if (expected[0] != "...")
    return !lines.empty() && line_matches(expected[0], lines[0]) &&
           lines_match(expected.subspan(1), lines.subspan(1));
  for (std::size_t skipped = 0; skipped <= lines.size(); ++skipped) {
    if (lines_match(expected.subspan(1), lines.subspan(skipped))) return true;
  }
  return false;
}

// The folders that cases name, in the environment of their shells.
void set_up_environment() {
  const std::string binary = SKEP_BINARY_DIR, source = SKEP_SOURCE_DIR;
  const std::string path = binary + ":" + std::getenv("PATH");
  ::setenv("PATH", path.c_str(), 1);
  ::setenv("bpf", (source + "/build/bpf").c_str(), 1);
  ::setenv("data", (source + "/tests/data").c_str(), 1);
  ::setenv("tests", (source + "/tests/engines").c_str(), 1);
  ::setenv("made", (binary + "/cli/made").c_str(), 1);
  ::setenv("LC_ALL", "C.UTF-8", 1);
  ::unsetenv("NO_COLOR");
  fs::create_directories(binary + "/cli/made");
  make_damaged_files(source + "/build/bpf/flows.bpf.o", binary + "/cli/made");
  fs::create_directories(binary + "/cli/made/btf");
  make_type_files(source + "/build/bpf/cli/kernel-old.bpf.o", binary + "/cli/made/btf");
}

int run_in_shell(const Case& each, const fs::path& folder) {
  fs::remove_all(folder);
  fs::create_directories(folder);
  const std::string command =
      "cd '" + folder.string() + "' && { " + each.run + "\n} >stdout.txt 2>stderr.txt </dev/null";
  const int status = std::system(command.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

class CliCase : public testing::TestWithParam<std::string> {
 protected:
  static void SetUpTestSuite() { set_up_environment(); }
};

std::string shown(const Lines& lines) {
  std::string text;
  for (const std::string& line : lines) text += "  " + line + "\n";
  return text;
}

TEST_P(CliCase, DoesAsItSays) {
  const fs::path path = fs::path(SKEP_SOURCE_DIR "/tests/cases/cli") / (GetParam() + ".case");
  Case each = read_case(path);
  ASSERT_FALSE(each.run.empty()) << path << " has no `run:` line";
  const fs::path folder = fs::path(SKEP_BINARY_DIR "/cli/cases") / GetParam();
  const int exit = run_in_shell(each, folder);
  const Lines out = lines_of(folder / "stdout.txt"), err = lines_of(folder / "stderr.txt");
  const bool matches =
      exit == each.exit && lines_match(each.out, out) && lines_match(each.err, err);
  if (!matches && std::getenv("UPDATE") != nullptr) {
    each.exit = exit;
    if (!lines_match(each.out, out)) each.out = portable(out);
    if (!lines_match(each.err, err)) each.err = portable(err);
    return write_case(path, each);
  }
  EXPECT_EQ(exit, each.exit) << each.run << "\n" << shown(out) << shown(err);
  EXPECT_TRUE(lines_match(each.out, out)) << each.run << "\nexpected on stdout:\n"
                                          << shown(each.out) << "found:\n"
                                          << shown(out);
  EXPECT_TRUE(lines_match(each.err, err)) << each.run << "\nexpected on stderr:\n"
                                          << shown(each.err) << "found:\n"
                                          << shown(err);
}

std::vector<std::string> all_cases() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(SKEP_SOURCE_DIR "/tests/cases/cli")) {
    if (entry.path().extension() == ".case") names.push_back(entry.path().stem().string());
  }
  std::ranges::sort(names);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Cli, CliCase, testing::ValuesIn(all_cases()),
                         [](const testing::TestParamInfo<std::string>& info) {
                           std::string name = info.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace skep
