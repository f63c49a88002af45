// The quick walk around loops that end by themselves: may_goto, the functions that helpers call,
// and open-coded iterators. The walk over paths has the same in loops.cpp.
#include "verify/callbacks.hpp"
#include "verify/iterators.hpp"
#include "verify/merged_walk.hpp"

namespace skep::verify {
namespace {

using isa::Instruction;
using isa::InstructionIndex;

// A callback that is called so few times is walked as often: that is soon done, and more is known
// of each round than of all.
constexpr u64 kCountedCalls = 32;

bool is_counted(const platform::Program& program, const State& state, InstructionIndex at) {
  if (!takes_function(program.code[at.value()])) return false;
  return calls_max(program, state, at).value_or(kCountedCalls + 1) <= kCountedCalls;
}

}  // namespace

// The path has come to the head of such a loop, from before it or from its last round.
Check MergedWalk::at_own_end(Path& path) {
  const Key key = key_of(path);
  if (key.count > Key::kMax) return gives_up("too many loops around");
  // The last two parts are the round of this loop and the place.
  const Invariants::Place place{nesting_.loop[path.at.value()], key.view().first(key.count - 2)};
  const auto rounds = is_counted(*outline_.program, path.state, path.at)
                          ? Invariants::Rounds::counted
                          : Invariants::Rounds::merged;
  switch (invariants_.arrive(analysis_, place, path.state, counts_at(path), rounds)) {
    case Invariants::Arrival::known: ended_ = true; return {};
    case Invariants::Arrival::news: return {};
    case Invariants::Arrival::lost: break;
  }
  return gives_up("the rounds of a loop do not become alike");
}

// The loop ends, or goes on for another round; the engine bounds how often.
Check MergedWalk::may_goto(Path& path, const Instruction& i) {
  Path other = path;
  if (auto refused = go(other, i.target)) return refused;
  if (auto refused = arrive(std::move(other))) return refused;
  return go(path, path.at.next());
}

// An iterator gives another element, or none: then the loop ends.
Check MergedWalk::step_iterator(Path& path) {
  std::optional<KernelCall> call;
  if (auto refused = find_kernel_call(analysis_, path.at, call)) return refused;
  if (auto refused = run_kernel_call(analysis_, path.state, *call)) return refused;
  const InstructionIndex behind = path.at.next();
  if (!call->is_drained) {
    Path other = path;
    go_on(other.state, call->reference);
    forget_rounds(other.state);
    if (auto refused = go(other, behind)) return refused;
    if (auto refused = arrive(std::move(other))) return refused;
  }
  end_iterator(path.state, call->place);
  return go(path, behind);
}

// A helper calls a function of the program, any number of times, and then returns.
Check MergedWalk::call_with_callback(Path& path) {
  const platform::HelperRow* helper = nullptr;
  if (auto refused = check_helper(analysis_, path.at, helper)) return refused;
  Call call{*helper, path.at};
  if (auto refused = check_call(analysis_, path.state, call)) return refused;
  u32& walked = path.state.frame().rounds;
  if (is_counted(*outline_.program, path.state, path.at)) walked = path.rounds.back();
  const bool again = may_call_again(analysis_, path.state, call);
  walked = 0;
  if (again) {
    if (path.state.frames.size() == isa::kFramesMax) return gives_up("calls nest too deeply");
    Path inside = path;
    inside.state.frames.push_back(callback_frame(analysis_, inside.state, call));
    inside.at = outline_.program->functions[inside.state.frame().function].begin;
    inside.rounds.resize(inside.rounds.size() + nesting_.depth(nesting_.loop[inside.at.value()]));
    if (auto refused = arrive(std::move(inside))) return refused;
  }
  finish_call(analysis_, path.state, call);
  return go(path, path.at.next());
}

// Back to the helper's call, which is walked again.
Check MergedWalk::leave_callback(Path& path) {
  if (auto refused = check_callback_result(analysis_, path.state)) return refused;
  path.at = path.state.frame().return_to;
  path.state.frames.pop_back();
  return go(path, path.at);
}

}  // namespace skep::verify
