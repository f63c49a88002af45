// In which order instructions are walked when paths are to meet: every one behind all that lead to
// it, and loops whole, one round after the other.
//
// This is a weak topological order (Bourdoncle, "Efficient chaotic iteration strategies with
// widenings", 1993): the strongly connected parts of a function's graph follow each other; each has
// a head, and is ordered in the same way without it. Every cycle goes through a head, whatever the
// jumps look like.
//
// Loops that end by themselves (decision 0025) have their may_goto or the call of their iterator's
// `next` as the head, so that each of their rounds goes through it. A call with a callback is such
// a loop on its own: it comes back to itself.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "platform/program.hpp"

namespace skep::verify {

struct Nesting {
  static constexpr s32 kNone = -1;
  static constexpr u32 kDepthMax = 32;
  struct Loop {
    s32 parent = kNone;
    u32 depth = 1;  // of itself: 1 is the outermost
    isa::InstructionIndex head{};
    bool ends_by_itself = false;
  };
  std::vector<u32> position;  // by instruction; of one function they are comparable
  std::vector<s32> loop;      // by instruction: the innermost, by number
  std::vector<bool> joins;    // by instruction: control comes here from several places
  std::vector<Loop> loops;

  u32 depth(s32 number) const {
    return number == kNone ? 0 : loops[static_cast<u32>(number)].depth;
  }
  // The innermost loop at `from` that `to` is in, too.
  s32 common(isa::InstructionIndex from, isa::InstructionIndex to) const;
  // Whether a loop that ends by itself has its head there.
  bool is_own_end(isa::InstructionIndex at) const {
    if (loop[at.value()] == kNone) return false;
    const Loop& around = loops[static_cast<u32>(loop[at.value()])];
    return around.ends_by_itself && around.head == at;
  }
};

// `ends`, by instruction, is Structure::loop_heads. Nothing: loops are nested too deeply.
std::optional<Nesting> nesting_of(const platform::Program& program, const std::vector<bool>& ends);

}  // namespace skep::verify
