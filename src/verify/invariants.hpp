// What is so each time that a loop which ends by itself comes to its head.
//
// Nobody counts the rounds of such a loop (decision 0025), so the quick walk looks for states that
// hold its rounds, however many there are: what comes back to the head is merged into what was
// walked from there, and numbers that keep growing are widened, first to what the program compares
// with, then to anything. When nothing comes back that was not walked already, the loop is proved.
//
// The proof stands on inclusion alone: a state goes unwalked only when one that was walked includes
// it. Merging and widening decide how soon that is, and what is still known then.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "verify/merge.hpp"

namespace skep::verify {

// Numbers at which widening stops on its way.
class Steps {
 public:
  explicit Steps(const platform::Program& program);

  // The least that is not below `value`, and the greatest that is not above it.
  template <class T>
  T up(T value) const;
  template <class T>
  T down(T value) const;

  // The steps of words alone: where bytes, halves and words end.
  static const Steps& coarse();

 private:
  Steps() = default;
  void add(s64 value);
  void sort();
  std::vector<s64> values_;  // ascending; unsigned numbers above them have one step, their last
};

// Makes of `now`, which includes `before`, what a few more rounds may make of it.
void widen_to(const State& before, State& now, const Steps* steps);

class Invariants {
 public:
  Invariants(const platform::Program& program, std::size_t loops)
      : program_(program), known_(loops) {}

  enum class Arrival : u8 {
    known,  // it was walked
    news,   // it is to be walked
    lost,   // no end of news is in sight
  };
  // How rounds are taken together.
  enum class Rounds : u8 { merged, counted };
  // Where the loop is: its number, and the rounds of the loops and the callers around it.
  struct Place {
    s32 loop;
    std::span<const u32> around;
  };
  // A state has come to the head of a loop. It is replaced by what is to be walked.
  Arrival arrive(Analysis& analysis, const Place& place, State& state, const Counts& counts,
                 Rounds rounds);

 private:
  struct Known {
    std::vector<u32> around;
    std::vector<State> states;  // walked from the head, that do not merge
    u32 changes = 0;
  };
  Arrival merge_into(Analysis& analysis, Known& known, State& state, const Counts& counts);
  const Steps* steps_after(u32 changes);

  const platform::Program& program_;
  std::optional<Steps> steps_;  // of the program, since something was widened
  std::vector<Known> known_;    // by loop
};

}  // namespace skep::verify
