// The cases of tests/cases/isa and tests/cases/engines, each run confined on every engine.
//
// A case is a text file: `ref:` says what decides it; `asm:` (or `hex:`, slots as bytes) is the
// program, indented; then what must come out, `r0:` or `fault:` (words of the error), and
// `memory_after:`. r1 points to `memory:`, r2 is its size. '#' starts a comment.
#include <cctype>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>

#include "engines.hpp"

#if __has_include("text/text.hpp")
#include "text/text.hpp"
#endif

namespace skep::engines {
namespace {

Result<Code> assemble(std::string_view source) {
#if __has_include("text/text.hpp")
  return text::assemble(source);
#else
  return Error(Fault::unsupported, format("no assembler for {} bytes", source.size()));
#endif
}

// Fields by name; an indented line belongs to the field before it.
std::map<std::string, std::string> fields_of(const std::filesystem::path& path) {
  std::map<std::string, std::string> fields;
  std::ifstream file(path);
  std::string current;
  for (std::string line; std::getline(file, line);) {
    const std::string text = line.substr(0, line.find('#'));
    if (trimmed(text).empty()) continue;
    if (text[0] == ' ' || text[0] == '\t') {
      fields[current] += text + "\n";
      continue;
    }
    const auto colon = text.find(':');
    if (colon == std::string::npos) {
      ADD_FAILURE() << path << ": a line without a field: " << text;
      continue;
    }
    current = text.substr(0, colon);
    fields[current] = trimmed(std::string_view(text).substr(colon + 1));
  }
  return fields;
}

std::vector<u8> bytes_of_hex(std::string_view text) {
  std::vector<u8> out;
  std::string digits;
  for (char c : text) {
    if (std::isspace(static_cast<unsigned char>(c)) != 0) continue;
    digits.push_back(c);
    if (digits.size() < 2) continue;
    const auto byte = parse_unsigned("0x" + digits);
    EXPECT_TRUE(byte) << "not a byte: " << digits;
    out.push_back(static_cast<u8>(byte.value_or(0)));
    digits.clear();
  }
  EXPECT_TRUE(digits.empty()) << "half a byte: " << digits;
  return out;
}

Result<Code> decode_hex(std::string_view text) {
  const std::vector<u8> bytes = bytes_of_hex(text);
  std::vector<Slot> slots(bytes.size() / sizeof(Slot));
  std::memcpy(slots.data(), bytes.data(), slots.size() * sizeof(Slot));
  return decode(slots);
}

class Cases : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(Cases, hold_on_every_engine) {
  auto fields = fields_of(GetParam());
  ASSERT_TRUE(fields.contains("ref")) << "a case says what decides it";
  ASSERT_TRUE(fields.contains("r0") != fields.contains("fault")) << "either r0: or fault:";
  const auto code = fields.contains("asm") ? assemble(fields["asm"]) : decode_hex(fields["hex"]);
  ASSERT_TRUE(code.ok()) << code.error().message;
  const Outcome outcome = run_both(*code, bytes_of_hex(fields["memory"]));
  if (fields.contains("fault")) {
    EXPECT_NE(outcome.result.find(fields["fault"]), std::string::npos) << outcome.result;
  } else {
    const auto want = parse_signed(fields["r0"]);
    const auto unsigned_want = parse_unsigned(fields["r0"]);
    ASSERT_TRUE(want || unsigned_want) << "not a number: " << fields["r0"];
    EXPECT_EQ(outcome.result,
              format("0x{:x}", unsigned_want.value_or(static_cast<u64>(want.value_or(0)))));
  }
  if (fields.contains("memory_after")) {
    EXPECT_EQ(outcome.memory, bytes_of_hex(fields["memory_after"]));
  }
}

std::vector<std::filesystem::path> every_case() {
  std::vector<std::filesystem::path> paths;
  for (const char* folder : {"isa", "engines"}) {
    const auto root = std::filesystem::path(SKEP_SOURCE_DIR) / "tests/cases" / folder;
    if (!std::filesystem::exists(root)) continue;
    for (const auto& entry : std::filesystem::directory_iterator(root)) {
      if (entry.path().extension() == ".case") paths.push_back(entry.path());
    }
  }
  std::ranges::sort(paths);
  return paths;
}

INSTANTIATE_TEST_SUITE_P(Files, Cases, testing::ValuesIn(every_case()), [](const auto& info) {
  std::string name = info.param.stem();
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return info.param.parent_path().stem().string() + "_" + name;
});

}  // namespace
}  // namespace skep::engines
