// Soundness by running: mutants of real programs.
//
// Programs that the user engine accepts are changed in one to three places (a bound, an offset, a
// branch, a width, a register) and what is still accepted is run on packets, in the checked tier. A
// fault is a hole in the verifier. The programs are those that the build compiles and the cases of
// tests/cases/verify. SKEP_SEED and SKEP_COUNT choose the mutants of each; SKEP_OBJECTS names a
// folder with more objects.
#include <gtest/gtest.h>

#include <filesystem>

#include "engines/soundness.hpp"
#include "hooks/packets/capture.hpp"
#include "object/object.hpp"
#include "support/case_file.hpp"
#include "support/mutate.hpp"
#include "support/program_case.hpp"

namespace skep::soundness {
namespace {

namespace fs = std::filesystem;
using Shared = std::shared_ptr<const platform::Program>;

Inputs captured() {
  Inputs out = random_inputs(1, 6);
  for (const char* name : {"web.pcap", "vlan.pcap", "ipv6.pcap", "malformed.pcap"}) {
    auto reader = hooks::CaptureReader::open(format("{}/tests/data/{}", SKEP_SOURCE_DIR, name));
    if (!reader.ok()) continue;
    for (u32 n = 0; n < 6; ++n) {
      auto packet = reader->next();
      if (!packet.ok() || !*packet) break;
      out.push_back({.bytes = {(*packet)->bytes.begin(), (*packet)->bytes.end()}});
    }
  }
  return out;
}

struct Counts {
  u64 mutants = 0, accepted = 0;
};

// One mutant. False: something is wrong, and was said.
void check_mutant(const Shared& original, u64 seed, Runner& runner, const Inputs& inputs,
                  Counts& counts) {
  test::Choices choices(seed);
  auto mutant = std::make_shared<platform::Program>(*original);
  const u32 places = 1 + choices.below(3);
  for (u32 n = 0; n < places; ++n) test::mutate(mutant->code, choices);
  if (mutant->code == original->code || !is_program(mutant->code)) return;
  ++counts.mutants;
  bool is_accepted = false;
  ASSERT_EQ(complaint(mutant, runner, inputs, Tiers::checked, is_accepted), "")
      << original->name << " seed " << seed;
  counts.accepted += is_accepted ? 1 : 0;
  if (!is_accepted) return;
  // What is proved of all paths at once is so on each.
  bool decided = false;
  ASSERT_EQ(walking_complaint(mutant, 50'000, decided, {Paths::pruned, Paths::merged}), "")
      << original->name << " seed " << seed;
}

void check_mutants(const std::vector<Shared>& originals, u64 usual) {
  const Inputs inputs = captured();
  ASSERT_GT(inputs.size(), 10u);
  const u64 first = setting("SKEP_SEED", 1), count = setting("SKEP_COUNT", usual);
  Counts counts;
  u64 programs = 0;
  for (const Shared& original : originals) {
    const bool is_run = verify::verify(original, {.instructions_max = 20'000}).accepted() &&
                        !original->code.empty();
    const auto runner = is_run ? Runner::of(original->maps) : nullptr;
    if (runner == nullptr) continue;
    ++programs;
    for (u64 seed = first; seed < first + count; ++seed) {
      check_mutant(original, seed, *runner, inputs, counts);
      if (testing::Test::HasFailure()) return;
    }
  }
  std::printf("%llu programs, %llu mutants, %llu accepted\n",
              static_cast<unsigned long long>(programs),
              static_cast<unsigned long long>(counts.mutants),
              static_cast<unsigned long long>(counts.accepted));
  EXPECT_GT(counts.accepted * 20, counts.mutants) << "the mutations are of no use";
}

void add_programs(const std::string& path, std::vector<Shared>& out) {
  const auto object = object::Object::open(path);
  if (!object.ok()) return;
  for (const object::ProgramEntry& entry : object->programs()) {
    if (auto program = object->program(entry.name); program.ok()) out.push_back(*program);
  }
}

TEST(SoundnessOfMutants, ThatAreOfRealProgramsIsShownByRunning) {
  std::vector<Shared> originals;
  for (const char* name : {"dns_only", "filter", "flows", "latency", "protocols", "rewrite"})
    add_programs(format("{}/build/bpf/{}.bpf.o", SKEP_SOURCE_DIR, name), originals);
  ASSERT_FALSE(originals.empty());
  if (const char* folder = std::getenv("SKEP_OBJECTS"); folder != nullptr) {
    std::vector<fs::path> paths;
    for (const auto& each : fs::directory_iterator(folder)) paths.push_back(each.path());
    std::ranges::sort(paths);
    for (const fs::path& path : paths) add_programs(path.string(), originals);
  }
  check_mutants(originals, 50);
}

TEST(SoundnessOfMutants, ThatAreOfCasesIsShownByRunning) {
  std::vector<Shared> originals;
  for (const test::CaseFile& file : test::cases_in("tests/cases/verify"))
    originals.push_back(test::program_of(file).value());
  check_mutants(originals, 30);
}

}  // namespace
}  // namespace skep::soundness
