// The quick walk: paths that meet go on as one, with what is known on all of them (merge.hpp).
//
// Instructions are walked in an order (nesting.hpp) in which everything that leads to a place comes
// before it, so that most are walked once, and those of a loop once a round: rounds follow each
// other as they do when every path is walked, until the loop's condition ends them. States that do
// not merge stay apart, up to a few.
//
// What is refused here may still be right: knowing what holds on all paths is less than knowing
// each of them. So a refusal says nothing, and the program is walked path by path (explore.hpp).
// Acceptance is final.
//
// Loops that end by themselves (decision 0025) are walked until what comes back to their head was
// walked from there (invariants.hpp): few rounds, however many the program runs. All other loops
// in them are walked a round at a time, as ever: that each of them ends is a part of the proof.
#pragma once

#include "verify/invariants.hpp"
#include "verify/nesting.hpp"
#include "verify/step.hpp"

namespace skep::verify {

class MergedWalk {
 public:
  // What is kept apart longer, for programs that are not proved without: the second try.
  enum class Care : u8 { none, spilled_pointers };
  MergedWalk(const Outline& outline, const Nesting& nesting, const Limits& limits, Care care);

  // All paths of main, or of a global function.
  Check walk(State start);

  Analysis& analysis() { return analysis_; }
  const Work& work() const { return work_; }

 private:
  struct Path {
    State state;
    isa::InstructionIndex at{};
    std::vector<u32> rounds;  // of the loops around each frame's place, from outside in
  };
  // Where a path is in the order: for each frame, positions of the loops around it, each with the
  // round, and its own.
  struct Key {
    static constexpr u32 kMax = 30;
    u32 count = 0;
    std::array<u32, kMax> parts;  // the first `count`
    void add(u32 part) {
      if (count < kMax) parts[count] = part;
      ++count;
    }
    std::span<const u32> view() const { return std::span(parts).first(count); }
  };
  struct Waiting {
    Key key;
    Path path;
  };

  // Nothing that a Report would say: the walk over paths comes next.
  static Refusal gives_up(std::string_view why) {
    return {Property::too_complex, std::string(why), {}, {}};
  }
  Check follow(Path path);
  Check step(Path& path);
  Check branch(Path& path, const isa::Instruction& i);
  Check call_function(Path& path, const isa::Instruction& i);
  Check try_lock(Path& path);
  Check load_packet(Path& path);
  Check exit(Path& path);
  // Loops that end by themselves (merged_loops.cpp).
  Check at_own_end(Path& path);
  Check may_goto(Path& path, const isa::Instruction& i);
  Check step_iterator(Path& path);
  Check call_with_callback(Path& path);
  Check leave_callback(Path& path);
  Check go(Path& path, isa::InstructionIndex to);
  Check next_round(const Path& path, u32 round);
  Check arrive(Path path);
  Key key_of(const Path& path) const;
  Counts counts_at(const Path& path) const;
  void add_place(isa::InstructionIndex at, const u32*& round, Key& key) const;
  u32 depth_of_callers(const State& state) const;

  const Outline& outline_;
  const Nesting& nesting_;
  Limits limits_;
  Analysis analysis_;
  std::vector<Waiting> waiting_;  // the first in order is last
  std::vector<u64> spilled_;      // by instruction: slots in which pointers are kept; or empty
  std::vector<State> rounds_;     // by loop: at its head, some rounds ago
  Invariants invariants_;
  bool ended_ = false;  // the path that is being followed
  Work work_;
};

}  // namespace skep::verify
