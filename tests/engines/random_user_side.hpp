// One random program on packets in the user engine's tiers: what each makes of the same packet and
// the same maps.
//
// Apps with their maps serve many programs and are filled anew for each, since making them takes
// longer than all else.
#pragma once

#include <map>
#include <optional>

#include "random_packets.hpp"
#include "runtime/engine.hpp"

namespace skep::random_packets {

using Buffer = std::vector<std::byte>;

struct Answer {
  std::optional<std::string> refused;  // why, without numbers
  u32 return_value = 0;
  Buffer packet;
  Buffer maps;               // all their elements, and the arena's memory
  std::string tiers_differ;  // of the user engine's: how
};
Answer refusal(std::string_view why);

// The first that differs, with ours first, or an empty text.
std::string difference(const Answer& ours, const Answer& theirs);

// By a number, for ever the same.
platform::ProgramType type_of(u64 seed);
Buffer packet_of(u64 seed);

// An element of one of the maps, as a program finds it.
struct Element {
  u32 map;
  u64 key;
  Buffer value;  // empty: none with this key

  u32 value_bytes() const;
};
// With an Element for every key that programs use, so that what they leave is seen.
std::vector<Element> first_elements(u64 seed);
// What the arena begins with.
Buffer first_arena(u64 seed);
// Where the map has no such key.
inline const Buffer kNone{std::byte{'-'}};

class UserSide {
 public:
  // The answer of the reference, and whether threaded or machine code differs from it.
  Answer run(const std::shared_ptr<const platform::Program>& program, u64 seed);

 private:
  struct Used {
    std::optional<runtime::App> app;
    u32 programs = 0;
  };
  Answer run(const verify::VerifiedProgram& verified, runtime::Tier tier, u64 seed);
  runtime::App& app(runtime::Tier tier);

  std::unique_ptr<runtime::Environment> environment_ = runtime::deterministic_environment();
  std::map<runtime::Tier, Used> apps_;
  runtime::PacketArena arena_ = runtime::PacketArena::create(1).value();
};

}  // namespace skep::random_packets
