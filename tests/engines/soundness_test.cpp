// Soundness by running: random programs and mutants of real ones. What is accepted must not fault
// in the checked tier, must mean the same in every tier, and must be accepted however paths are
// walked.
//
// SKEP_SEED=n runs the programs from seed n on; SKEP_COUNT=n as many of them.
#include "soundness.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include "hooks/packets/capture.hpp"
#include "isa/control_flow.hpp"
#include "object/object.hpp"
#include "support/case_file.hpp"
#include "support/program_case.hpp"
#include "support/random_program.hpp"

namespace skep::soundness {
namespace {

u64 setting(const char* name, u64 usual) {
  const char* text = std::getenv(name);
  return text == nullptr ? usual : parse_unsigned(text).value_or(usual);
}

TEST(Soundness, RandomProgramsThatAreAcceptedRun) {
  const u64 first = setting("SKEP_SEED", 1), count = setting("SKEP_COUNT", 1500);
  u64 accepted = 0;
  for (u64 seed = first; seed < first + count; ++seed) {
    bool is_accepted = false;
    const test::RandomProgram random = test::random_program(test::Choices(seed));
    const std::string wrong = complaint(random.program, random_packets(seed, 5),
                                        random.erred ? Tiers::checked : Tiers::all, is_accepted);
    accepted += is_accepted ? 1 : 0;
    ASSERT_EQ(wrong, "") << "seed " << seed;
  }
  std::printf("%llu programs, %llu accepted\n", static_cast<unsigned long long>(count),
              static_cast<unsigned long long>(accepted));
  EXPECT_GT(accepted * 5, count) << "the generator is of no use";
}

TEST(Soundness, WalkingDoesNotChangeVerdicts) {
  const u64 first = setting("SKEP_SEED", 1), count = setting("SKEP_COUNT", 1500);
  u64 decided = 0;
  for (u64 seed = first; seed < first + count; ++seed) {
    bool is_decided = false;
    const std::string wrong =
        walking_complaint(test::random_program(test::Choices(seed)).program, 5000, is_decided);
    decided += is_decided ? 1 : 0;
    EXPECT_EQ(wrong, "") << "seed " << seed;
    if (HasFailure()) break;
  }
  std::printf("%llu programs, %llu decided without pruning\n",
              static_cast<unsigned long long>(count), static_cast<unsigned long long>(decided));
  EXPECT_GT(decided * 2, count);
}

TEST(Soundness, WalkingDoesNotChangeVerdictsOfCases) {
  for (const test::CaseFile& file : test::cases_in("tests/cases/verify")) {
    bool decided = false;
    EXPECT_EQ(walking_complaint(test::program_of(file).value(), 20'000, decided), "") << file;
  }
}

Packets captured() {
  Packets out;
  for (const char* name : {"web.pcap", "vlan.pcap", "ipv6.pcap", "malformed.pcap"}) {
    auto reader = hooks::CaptureReader::open(format("{}/tests/data/{}", SKEP_SOURCE_DIR, name));
    if (!reader.ok()) continue;
    for (u32 n = 0; n < 6; ++n) {
      auto packet = reader->next();
      if (!packet.ok() || !*packet) break;
      out.emplace_back((*packet)->bytes.begin(), (*packet)->bytes.end());
    }
  }
  return out;
}

// Changes one thing about one instruction.
void mutate(isa::Code& code, test::Choices& choices) {
  isa::Instruction& i = code[choices.below(static_cast<u32>(code.size()))];
  switch (choices.below(6)) {
    case 0: i.immediate += static_cast<s64>(choices.below(9)) - 4; break;
    case 1: i.offset = static_cast<s16>(i.offset + static_cast<s16>(choices.below(17)) - 8); break;
    case 2: i.dst = static_cast<u8>(choices.below(10)); break;
    case 3: i.src = i.has_register_source() ? static_cast<u8>(choices.below(11)) : i.src; break;
    case 4:
      if (i.form == isa::Form::jump) i.operation = static_cast<u8>(choices.below(11));
      if (i.form == isa::Form::alu) i.operation = static_cast<u8>(choices.below(9));
      break;
    default:
      if (isa::has_jump_target(i))
        i.target = isa::InstructionIndex(choices.below(static_cast<u32>(code.size())));
      break;
  }
}

// Only what can be encoded is a program.
bool is_program(const isa::Code& code) {
  const auto slots = isa::encode(code);
  if (!slots.ok()) return false;
  const auto again = isa::decode(*slots);
  return again.ok() && *again == code;
}

TEST(Soundness, MutantsThatAreAcceptedRun) {
  const Packets packets = captured();
  ASSERT_GT(packets.size(), 10u);
  const u64 first = setting("SKEP_SEED", 1), count = setting("SKEP_COUNT", 1500) / 30;
  u64 accepted = 0, mutants = 0;
  for (const char* name : {"dns_only", "filter", "flows", "latency", "protocols", "rewrite"}) {
    const auto object =
        object::Object::open(format("{}/build/bpf/{}.bpf.o", SKEP_SOURCE_DIR, name));
    ASSERT_TRUE(object.ok()) << object.error().what();
    for (const object::ProgramEntry& entry : object->programs()) {
      const auto original = object->program(entry.name).value();
      for (u64 seed = first; seed < first + count; ++seed) {
        test::Choices choices(seed);
        auto mutant = std::make_shared<platform::Program>(*original);
        mutate(mutant->code, choices);
        if (!is_program(mutant->code)) continue;
        ++mutants;
        bool is_accepted = false;
        const std::string wrong = complaint(mutant, packets, Tiers::checked, is_accepted);
        accepted += is_accepted ? 1 : 0;
        ASSERT_EQ(wrong, "") << name << " " << entry.name << " seed " << seed;
        if (!is_accepted) continue;
        // What is proved of all paths at once is so on each.
        bool decided = false;
        ASSERT_EQ(walking_complaint(mutant, 50'000, decided, {Paths::pruned, Paths::merged}), "")
            << name << " " << entry.name << " seed " << seed;
      }
    }
  }
  std::printf("%llu mutants, %llu accepted\n", static_cast<unsigned long long>(mutants),
              static_cast<unsigned long long>(accepted));
}

}  // namespace
}  // namespace skep::soundness
