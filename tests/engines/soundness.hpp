// The verifier's claim, put to the test: what it accepts runs without a fault, and means the same
// in every tier.
#pragma once

#include <algorithm>
#include <string>

#include "base/text.hpp"
#include "runtime/engine.hpp"
#include "text/text.hpp"
#include "verify/verify.hpp"

namespace skep::soundness {

using Packets = std::vector<std::vector<std::byte>>;

inline Packets random_packets(u64 seed, u32 count) {
  Packets out(count);
  u64 state = seed * 0x9e3779b97f4a7c15 + 12345;
  const auto next = [&] {
    state = state * 6364136223846793005 + 1442695040888963407;
    return static_cast<u32>(state >> 33);
  };
  for (auto& packet : out) {
    packet.resize(next() % 4 == 0 ? next() % 14 + 1 : next() % 100 + 1);
    const bool small = next() % 2 == 0;
    for (std::byte& byte : packet) byte = static_cast<std::byte>(next() % (small ? 40 : 256));
  }
  return out;
}

// What can be seen of running `program` on `packets` in one tier: verdicts, packets and maps; or
// the words of the fault.
struct Seen {
  bool faulted = false;
  std::string text;
};

inline void append(std::string& out, std::span<const std::byte> bytes) {
  out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

inline void append_maps(std::string& out, std::vector<maps::Map>& maps) {
  for (maps::Map& map : maps) {
    if (map.spec().kind == platform::MapKind::ringbuf) {
      map.drain([&](std::span<const std::byte> record) { append(out, record); });
      continue;
    }
    std::vector<std::pair<std::vector<std::byte>, std::vector<std::byte>>> entries;
    auto key = map.next_key({});
    for (u32 n = 0; key && n < 1000; ++n) {
      if (auto value = map.lookup_copy(*key); value.ok())
        entries.emplace_back(*key, std::move(value).take());
      key = map.next_key(*key);
    }
    std::ranges::sort(entries);
    for (const auto& [one, value] : entries) append(out, one), append(out, value);
  }
}

inline Seen run(const verify::VerifiedProgram& program, runtime::Tier tier,
                const Packets& packets) {
  static runtime::PacketArena arena = runtime::PacketArena::create(1).value();
  const auto environment = runtime::deterministic_environment();
  auto app = runtime::App::create(program.program().maps, *environment);
  if (!app.ok()) return {true, app.error().what()};
  const auto loaded = app->load(program, tier);
  if (!loaded.ok()) return {true, loaded.error().what()};
  Seen seen;
  for (const auto& packet : packets) {
    arena[0].reset(program.program().type, packet, {});
    const Result<u64> verdict = app->run(**loaded, arena[0]);
    if (!verdict.ok()) return {true, verdict.error().what()};
    seen.text += format("{};", *verdict);
    append(seen.text, arena[0].bytes());
  }
  append_maps(seen.text, app->maps());
  return seen;
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

using verify::Paths;

enum class Tiers : u8 { checked, all };

// What is wrong with the verdict, or nothing. `accepted` tells whether there was anything to run.
inline std::string complaint(const std::shared_ptr<const platform::Program>& program,
                             const Packets& packets, Tiers tiers, bool& accepted) {
  const verify::Verdict verdict = verify::verify(program, {.instructions_max = 100'000});
  accepted = verdict.accepted();
  if (!accepted) return {};
  const auto& proved = std::get<verify::VerifiedProgram>(verdict.outcome);
  const Seen checked = run(proved, runtime::Tier::checked, packets);
  if (checked.faulted) return "accepted, but faults: " + checked.text + "\n" + listing(*program);
  if (tiers == Tiers::checked) return {};
  const Seen compiled = run(proved, runtime::Tier::jit, packets);
  const Seen interpreted = run(proved, runtime::Tier::interpreter, packets);
  if (interpreted.text != checked.text)
    return "the interpreter does not agree with the checked tier\n" + listing(*program);
  if (compiled.text != interpreted.text)
    return "the JIT does not agree with the interpreter\n" + listing(*program);
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
