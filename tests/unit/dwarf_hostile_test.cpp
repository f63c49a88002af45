// Debug information that is cut or damaged is refused or read, and nothing else: no crash, no
// endless work. The sanitizers watch.
#include <random>

#include "dwarf_files.hpp"

namespace skep::dwarf {
namespace {

struct Input {
  const char *name, *line;
};

void PrintTo(const Input& input, std::ostream* out) { *out << input.name; }

class OfDamagedFiles : public testing::TestWithParam<Input> {};

std::vector<std::byte> bytes_of(const test::Scratch& scratch) {
  const std::string text = scratch.read("app");
  const auto* begin = reinterpret_cast<const std::byte*>(text.data());
  return {begin, begin + text.size()};
}

// Reads it whatever it is; what comes out is valid, for types_of() checks it.
bool reads(const std::vector<std::byte>& file) {
  Notes notes;
  const Options options{.inflate = cli::inflate, .functions = Functions::yes};
  return types_of(Bytes(file), options, notes).ok();
}

TEST_P(OfDamagedFiles, CutAnywhereIsRefused) {
  const test::Scratch scratch;
  compile(scratch, GetParam().line);
  const auto whole = bytes_of(scratch);
  ASSERT_TRUE(reads(whole));
  for (std::size_t size = 0; size < whole.size(); size += 1 + whole.size() / 97) {
    EXPECT_FALSE(reads({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)})) << size;
  }
}

TEST_P(OfDamagedFiles, AnyDamageIsSurvived) {
  const test::Scratch scratch;
  compile(scratch, GetParam().line);
  const auto whole = bytes_of(scratch);
  std::mt19937 random(7);
  std::size_t survived = 0;
  for (int round = 0; round < 300; ++round) {
    auto damaged = whole;
    for (u32 count = 1 + random() % 16; count != 0; --count) {
      damaged[random() % damaged.size()] = static_cast<std::byte>(random());
    }
    survived += reads(damaged) ? 1 : 0;
  }
  EXPECT_GT(survived, 0u) << "nothing was read to its end";
}

INSTANTIATE_TEST_SUITE_P(
    Dwarf, OfDamagedFiles,
    testing::Values(Input{"C2", "clang-19 -gdwarf-2 -c $c -o app"},
                    Input{"C5", "gcc -gdwarf-5 -c $c -o app"},
                    Input{"Compressed", "gcc -g -gz=zlib -c $c -o app"},
                    Input{"TypeUnits4",
                          "clang++-19 -gdwarf-4 -fdebug-types-section -c $cpp -o app"},
                    Input{"Cpp5", "clang++-19 -gdwarf-5 -c $cpp -o app"}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace skep::dwarf
