// What both engines are given: packets of all captures in tests/data, changed ones, and contexts.
//
// The same at every run: what is random comes from a fixed seed.
#pragma once

#include <string>
#include <vector>

#include "platform/program_types.hpp"

namespace skep::agreement {

using Buffer = std::vector<std::byte>;

struct Input {
  Buffer packet;   // empty for programs that run on a context alone
  Buffer context;  // struct xdp_md or __sk_buff, empty when there is none; or the context
};

// About `most` inputs for a program on packets: of the captures, spread evenly, or all of them when
// they are fewer; of each second one another with bytes and lengths changed; short ones. Every
// third comes with a context.
std::vector<Input> packet_inputs(platform::ProgramType type, std::size_t most);

// For programs on a context that touch `bytes` of it: zeroes, bytes that count up, random ones.
std::vector<Input> context_inputs(u32 bytes, std::size_t most);

}  // namespace skep::agreement
