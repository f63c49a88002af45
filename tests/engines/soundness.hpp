// The verifier's claim, put to the test: what it accepts runs without a fault, and means the same
// in every tier.
#pragma once

#include <array>
#include <cstdlib>
#include <string>

#include "base/text.hpp"
#include "engines/soundness_runner.hpp"
#include "text/text.hpp"
#include "verify/verify.hpp"

namespace skep::soundness {

// A number of the environment, for campaigns.
inline u64 setting(const char* name, u64 usual) {
  const char* text = std::getenv(name);
  return text == nullptr ? usual : parse_unsigned(text).value_or(usual);
}

// Packets of few bytes and of many, with small numbers, large ones, and those at the ends of what a
// byte, or a field, can hold.
inline Inputs random_inputs(u64 seed, u32 count) {
  constexpr std::array<u32, 8> kEnds = {0, 1, 0x7f, 0xff, 0x7fffffff, 0x80000000, 0xffffffff, 40};
  Inputs out(count);
  u64 state = seed * 0x9e3779b97f4a7c15 + 12345;
  const auto next = [&] {
    state = state * 6364136223846793005 + 1442695040888963407;
    return static_cast<u32>(state >> 33);
  };
  const auto field = [&] { return next() % 2 == 0 ? kEnds[next() % kEnds.size()] : next() % 64; };
  for (Input& input : out) {
    input.bytes.resize(next() % 4 == 0 ? next() % 14 + 1 : next() % 100 + 1);
    const u32 kind = next() % 3;
    for (std::byte& byte : input.bytes) {
      const u32 value = kind == 0 ? next() % 40 : kind == 1 ? next() % 256 : kEnds[next() % 4];
      byte = static_cast<std::byte>(value);
    }
    input.interface = field();
    input.queue = field();
  }
  return out;
}

inline std::string listing(const platform::Program& program) {
  std::string out;
  for (std::size_t at = 0; at < program.code.size(); ++at) {
    out += format("{:4} {}\n", at,
                  text::disassemble(program.code, isa::InstructionIndex(at), text::kPeople,
                                    text::names_of(program)));
  }
  return out;
}

// Only what can be encoded is a program.
inline bool is_program(const isa::Code& code) {
  const auto slots = isa::encode(code);
  if (!slots.ok()) return false;
  const auto again = isa::decode(*slots);
  return again.ok() && *again == code;
}

using verify::Paths;

enum class Tiers : u8 { checked, all };

// What is wrong with the verdict, or nothing. `accepted` tells whether there was anything to run.
// `runner` has the program's maps.
inline std::string complaint(const std::shared_ptr<const platform::Program>& program,
                             Runner& runner, const Inputs& inputs, Tiers tiers, bool& accepted) {
  const verify::Verdict verdict = verify::verify(program, {.instructions_max = 100'000});
  accepted = verdict.accepted();
  if (!accepted) return {};
  const auto& proved = std::get<verify::VerifiedProgram>(verdict.outcome);
  const Seen checked = runner.run(proved, runtime::Tier::checked, inputs);
  if (checked.faulted) return "accepted, but faults: " + checked.text + "\n" + listing(*program);
  if (tiers == Tiers::checked || checked.is_cut) return {};
  for (const auto& [tier, name] : {std::pair(runtime::Tier::interpreter, "the interpreter"),
                                   std::pair(runtime::Tier::jit, "the JIT")}) {
    const Seen seen = runner.run(proved, tier, inputs);
    if (seen.faulted) return format("{} faults: {}\n{}", name, seen.text, listing(*program));
    if (seen.text != checked.text)
      return format("{} does not agree with the checked tier\n{}", name, listing(*program));
  }
  return {};
}

// How paths are walked must not change a verdict, only its cost. What one way leaves undecided
// within the limit, the others need not agree with.
inline std::string walking_complaint(const std::shared_ptr<const platform::Program>& program,
                                     u64 instructions_max, bool& decided,
                                     std::initializer_list<verify::Paths> ways = {
                                         Paths::all, Paths::pruned, Paths::merged}) {
  decided = true;
  std::optional<verify::Verdict> first;
  for (const Paths paths : ways) {
    verify::Verdict verdict =
        verify::verify(program, {.instructions_max = instructions_max, .paths = paths});
    const bool too_complex =
        !verdict.accepted() && std::get<verify::Report>(verdict.outcome).property == "too-complex";
    decided = decided && !too_complex;
    if (too_complex) continue;
    if (!first) first = std::move(verdict);
    if (first->accepted() == verdict.accepted()) continue;
    const verify::Verdict& refused = verdict.accepted() ? *first : verdict;
    return format("{} when walked in the first way, {} in way {}: {}",
                  first->accepted() ? "accepted" : "rejected",
                  verdict.accepted() ? "accepted" : "rejected", paths,
                  verify::to_text(std::get<verify::Report>(refused.outcome))) +
           listing(*program);
  }
  return {};
}

}  // namespace skep::soundness
