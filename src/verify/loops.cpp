// Loops that end by themselves: may_goto, the functions that helpers call, and open-coded iterators
// (decision 0025).
#include <algorithm>

#include "platform/helpers.hpp"
#include "verify/callbacks.hpp"
#include "verify/explore.hpp"
#include "verify/iterators.hpp"
#include "verify/locks.hpp"

namespace skep::verify {
namespace {

using isa::Form;
using isa::Instruction;

// Whether both are in the same functions, called from the same places (same_callsites).
bool same_calls(const State& one, const State& other) {
  return std::ranges::equal(one.frames.all(), other.frames.all(), {}, &Frame::return_to,
                            &Frame::return_to);
}

}  // namespace

// Whether `path` has come around a loop that ends by itself, with nothing that its earlier round
// did not have. A call that begins anew is no round of an earlier one: nobody ends the loop that
// leads there.
bool Explorer::is_last_round(const Checkpoint& checkpoint, const Path& path,
                             std::span<const Registers> live) const {
  if (!structure_.loop_heads[path.at.value()]) return false;
  const Instruction& i = program_->code[path.at.value()];
  const bool by_rounds = i.form == Form::may_goto || i.call() == isa::Call::kfunc;
  const bool goes_on = by_rounds ? checkpoint.state.rounds != path.state.rounds
                                 : checkpoint.state.frames.size() == path.state.frames.size() &&
                                       checkpoint.state.frame().rounds < path.state.frame().rounds;
  return goes_on && includes(checkpoint.state, path.state, live);
}

// The state in which the path stood at this instruction a round ago, or null. The newest checkpoint
// is that of now.
const State* Explorer::earlier_round(const Path& path) const {
  s32 at = path.checkpoint;
  if (at != kNone) at = checkpoints_[static_cast<u32>(at)].parent;
  for (; at != kNone; at = checkpoints_[static_cast<u32>(at)].parent) {
    const Checkpoint& each = checkpoints_[static_cast<u32>(at)];
    if (each.at == path.at && same_calls(each.state, path.state)) return &each.state;
  }
  return nullptr;
}

// The outermost head around `checkpoint` (or itself, if it is one) behind which not all is walked.
s32 Explorer::open_loop(s32 checkpoint) const {
  s32 out = kNone;
  const Checkpoint& first = checkpoints_[static_cast<u32>(checkpoint)];
  if (structure_.loop_heads[first.at.value()] && first.open != 0) out = checkpoint;
  for (s32 at = first.loop; at != kNone; at = checkpoints_[static_cast<u32>(at)].loop) {
    if (checkpoints_[static_cast<u32>(at)].open != 0) out = at;
  }
  return out;
}

// The path ends at a state that `checkpoint`, in an open loop, includes.
void Explorer::note_back_edge(const Path& path, s32 checkpoint) {
  back_edges_.push_back({.head = checkpoint,
                         .outermost = open_loop(checkpoint),
                         .trail = path.trail,
                         .checkpoint = path.checkpoint,
                         .depth = path.state.frames.size() - 1,
                         .written = path.written});
}

// The loop ends, or goes on for another round; the engine bounds how often.
Explorer::Outcome Explorer::may_goto(Path& path, const Instruction& i) {
  note(path, path.state.frames.size() - 1);
  Path other = path;
  ++other.state.rounds;
  if (const State* before = earlier_round(path)) widen(*before, other.state);
  other.at = path.at.next();
  path.at = i.target;
  return {Ends::no, wait(std::move(other))};
}

// An iterator gives another element, or none: then the loop ends.
Explorer::Outcome Explorer::step_iterator(Path& path) {
  const std::size_t depth = path.state.frames.size() - 1;
  std::optional<KernelCall> call;
  if (auto refused = find_kernel_call(analysis_, path.at, call))
    return {Ends::no, std::move(refused)};
  if (auto refused = run_kernel_call(analysis_, path.state, *call))
    return {Ends::no, std::move(refused)};
  note(path, depth);
  const State* const before = earlier_round(path);
  path.at = path.at.next();
  if (!call->is_drained) {
    Path other = path;
    go_on(other.state, call->reference);
    if (before != nullptr) widen(*before, other.state);
    if (auto refused = wait(std::move(other))) return {Ends::no, std::move(refused)};
  }
  end_iterator(path.state, call->place);
  return {};
}

// A lock that may be refused is taken, or the call says why not.
Explorer::Outcome Explorer::try_lock(Path& path) {
  const std::size_t depth = path.state.frames.size() - 1;
  Path other = path;
  if (auto refused = transfer(analysis_, path.state, path.at))
    return {Ends::no, std::move(refused)};
  note(path, depth);
  other.state = lock_failed(other.state, path.at);
  other.trail = path.trail;
  other.written = path.written;
  path.at = other.at = path.at.next();
  return {Ends::no, wait(std::move(other))};
}

// A helper calls a function of the program, any number of times, and then returns: the path goes on
// behind the call, and another one into the function and back to the call.
Explorer::Outcome Explorer::call_with_callback(Path& path) {
  const std::size_t depth = path.state.frames.size() - 1;
  const platform::HelperRow* helper = nullptr;
  if (auto refused = check_helper(analysis_, path.at, helper)) {
    return {Ends::no, std::move(refused)};
  }
  Call call{*helper, path.at};
  if (auto refused = check_call(analysis_, path.state, call)) return {Ends::no, std::move(refused)};
  if (may_call_again(analysis_, path.state, call)) {
    if (path.state.frames.size() == isa::kFramesMax) {
      return {Ends::no, Refusal{Property::recursion,
                                format("calls nest more than {} deep", isa::kFramesMax),
                                "",
                                {}}};
    }
    Path inside = path;
    ++inside.state.frame().rounds;
    if (const State* before = earlier_round(path)) widen(*before, inside.state);
    inside.state.frames.push_back(callback_frame(analysis_, inside.state, call));
    inside.written[depth + 1] = ~u64{0};
    analysis_.demand.enters_callback = true;
    note(inside, depth);
    analysis_.demand.enters_callback = false;
    inside.at = program_->functions[inside.state.frame().function].begin;
    if (auto refused = wait(std::move(inside))) return {Ends::no, std::move(refused)};
  }
  path.state.frame().rounds = 0;
  finish_call(analysis_, path.state, call);
  note(path, depth);
  path.at = path.at.next();
  return {};
}

Explorer::Outcome Explorer::leave_callback(Path& path) {
  if (auto refused = check_callback_result(analysis_, path.state)) {
    return {Ends::no, std::move(refused)};
  }
  analysis_.demand.leaves_callback = true;
  note(path, path.state.frames.size() - 1);
  path.at = path.state.frame().return_to;
  path.state.frames.pop_back();
  return {};
}

}  // namespace skep::verify
