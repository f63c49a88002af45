#include "verify/merged_walk.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "isa/control_flow.hpp"
#include "verify/callbacks.hpp"
#include "verify/liveness.hpp"
#include "verify/locks.hpp"
#include "verify/merge.hpp"

namespace skep::verify {
namespace {

using isa::Form;
using isa::Instruction;
using isa::InstructionIndex;

// States that are kept apart at one place, in one round; more of them in the second try.
constexpr std::ptrdiff_t kApartMax = 8, kApartWithCare = 24;
// What is not proved by so many instructions is left to the walk over paths.
constexpr u64 kInstructionsMax = 400'000;

// Where the caller of a frame stands: a helper's call is walked again.
InstructionIndex call_of(const Frame& frame) {
  const InstructionIndex behind = frame.return_to;
  return frame.entered == Entered::as_callback ? behind : InstructionIndex(behind.value() - 1);
}

}  // namespace

MergedWalk::MergedWalk(const Outline& outline, const Nesting& nesting, const Limits& limits,
                       Care care)
    : outline_(outline),
      nesting_(nesting),
      limits_(limits),
      analysis_(*outline.program, limits),
      rounds_(nesting.loops.size()),
      invariants_(*outline.program, nesting.loops.size()) {
  if (care == Care::spilled_pointers) spilled_ = spilled_slots(*outline.program);
  work_.merged = true;
  work_.visits.resize(outline.program->code.size());
  work_.kept.resize(outline.program->code.size());
}

Check MergedWalk::walk(State state) {
  const InstructionIndex begin = outline_.program->functions[state.frame().function].begin;
  Path start{std::move(state), begin, {}};
  start.rounds.resize(nesting_.depth(nesting_.loop[start.at.value()]));
  if (auto refused = follow(std::move(start))) return refused;
  while (!waiting_.empty()) {
    Path path = std::move(waiting_.back().path);
    waiting_.pop_back();
    if (auto refused = follow(std::move(path))) return refused;
  }
  return {};
}

// Up to the end of the path, or to where others may join it.
Check MergedWalk::follow(Path path) {
  ended_ = false;
  if (nesting_.is_own_end(path.at)) {
    if (auto refused = at_own_end(path)) return refused;
    if (ended_) return {};
  }
  do {
    if (++work_.visited > std::min(limits_.instructions_max, kInstructionsMax))
      return gives_up("too many instructions");
    analysis_.facts[path.at.value()].reached = true;
    ++work_.visits[path.at.value()];
    if (auto refused = step(path)) return refused;
    if (ended_) return {};
  } while (!nesting_.joins[path.at.value()]);
  return arrive(std::move(path));
}

Check MergedWalk::step(Path& path) {
  const Instruction& i = outline_.program->code[path.at.value()];
  if (i.form == Form::jump) return branch(path, i);
  if (isa::is_local_call(i)) return call_function(path, i);
  if (i.form == Form::exit) return exit(path);
  if (i.form == Form::jump_always) return go(path, i.target);
  if (i.form == Form::may_goto) return may_goto(path, i);
  if (outline_.structure.loop_heads[path.at.value()]) {
    if (takes_function(i)) return call_with_callback(path);
    if (!analysis_.for_user_engine()) return step_iterator(path);
  }
  if (i.form == Form::call && is_throw(*outline_.program, path.at)) {
    ended_ = true;
    return do_throw(analysis_, path.state, path.at);
  }
  if (i.form == Form::call && tries_lock(*outline_.program, path.at)) return try_lock(path);
  if (i.form == Form::packet_load && path.state.frames.size() > 1) return load_packet(path);
  if (auto refused = transfer(analysis_, path.state, path.at)) return refused;
  return go(path, path.at.next());
}

Check MergedWalk::try_lock(Path& path) {
  Path other{lock_failed(path.state, path.at), path.at, path.rounds};
  if (auto refused = transfer(analysis_, path.state, path.at)) return refused;
  if (auto refused = go(other, path.at.next())) return refused;
  if (auto refused = arrive(std::move(other))) return refused;
  return go(path, path.at.next());
}

Check MergedWalk::branch(Path& path, const Instruction& i) {
  Ways ways;
  if (auto refused = do_jump(analysis_, std::move(path.state), i, ways)) return refused;
  if (!ways.taken && !ways.passed) {
    ended_ = true;
    return {};
  }
  if (ways.taken && ways.passed) {
    Path other{std::move(*ways.taken), path.at, path.rounds};
    if (auto refused = go(other, i.target)) return refused;
    if (auto refused = arrive(std::move(other))) return refused;
    ways.taken.reset();
  }
  const bool takes = ways.taken.has_value();
  path.state = std::move(takes ? *ways.taken : *ways.passed);
  return go(path, takes ? i.target : path.at.next());
}

Check MergedWalk::call_function(Path& path, const Instruction& i) {
  const std::size_t number = number_of_function(*outline_.program, i.target);
  const platform::Function& callee = outline_.program->functions[number];
  if (is_verified_apart(callee)) {
    analysis_.called[number] = true;
    if (auto refused = do_global_call(analysis_, path.state, path.at, callee)) return refused;
    return go(path, path.at.next());
  }
  enter_function(path.state, number, path.at.next());
  path.at = i.target;
  path.rounds.resize(path.rounds.size() + nesting_.depth(nesting_.loop[path.at.value()]));
  return {};
}

Check MergedWalk::exit(Path& path) {
  if (path.state.frames.size() == 1) {
    ended_ = true;
    return check_end(analysis_, path.state);
  }
  path.rounds.resize(depth_of_callers(path.state));
  if (path.state.frame().entered == Entered::as_callback) return leave_callback(path);
  const InstructionIndex to = path.state.frame().return_to;
  if (auto refused = leave_function(path.state)) return refused;
  path.at = InstructionIndex(to.value() - 1);
  return go(path, to);
}

u32 MergedWalk::depth_of_callers(const State& state) const {
  u32 out = 0;
  for (std::size_t f = 1; f < state.frames.size(); ++f) {
    out += nesting_.depth(nesting_.loop[call_of(state.frames[f]).value()]);
  }
  return out;
}

// Moves the path inside of its function: loops are left, entered, or begin another round.
Check MergedWalk::go(Path& path, InstructionIndex to) {
  const InstructionIndex from = std::exchange(path.at, to);
  const s32 now = nesting_.loop[from.value()], then = nesting_.loop[to.value()];
  if (now == Nesting::kNone && then == Nesting::kNone) return {};
  const bool is_head = then != Nesting::kNone && nesting_.loops[static_cast<u32>(then)].head == to;
  if (now == then && !is_head) return {};
  const u32 common = nesting_.depth(nesting_.common(from, to));
  path.rounds.resize(path.rounds.size() - (nesting_.depth(now) - common));
  if (is_head && nesting_.depth(then) == common) return next_round(path, ++path.rounds.back());
  path.rounds.resize(path.rounds.size() + (nesting_.depth(then) - common));
  return {};
}

// Of a loop that does not end by itself: a round that begins as one did some rounds ago begins for
// ever (Brent's search for cycles).
Check MergedWalk::next_round(const Path& path, u32 round) {
  if (nesting_.is_own_end(path.at)) return {};
  State& before = rounds_[static_cast<u32>(nesting_.loop[path.at.value()])];
  if (std::has_single_bit(round)) {
    before = path.state;
    return {};
  }
  const LiveRegisters live = live_at(outline_.live, path.state, path.at);
  if (unchanged(before, path.state, live)) return gives_up("a loop does not change anything");
  return {};
}

void MergedWalk::add_place(InstructionIndex at, const u32*& round, Key& key) const {
  std::array<u32, Nesting::kDepthMax> heads{};
  u32 depth = 0;
  for (s32 loop = nesting_.loop[at.value()]; loop != Nesting::kNone;
       loop = nesting_.loops[static_cast<u32>(loop)].parent) {
    heads[depth++] = nesting_.loops[static_cast<u32>(loop)].head.value();
  }
  while (depth-- > 0) {
    key.add(nesting_.position[heads[depth]]);
    key.add(*round++);
  }
  key.add(nesting_.position[at.value()]);
}

MergedWalk::Key MergedWalk::key_of(const Path& path) const {
  Key out;
  const u32* round = path.rounds.data();
  for (std::size_t f = 1; f < path.state.frames.size(); ++f) {
    add_place(call_of(path.state.frames[f]), round, out);
  }
  add_place(path.at, round, out);
  return out;
}

Counts MergedWalk::counts_at(const Path& path) const {
  Counts out{.live = live_at(outline_.live, path.state, path.at)};
  if (spilled_.empty()) return out;
  const Frames& frames = path.state.frames;
  for (std::size_t f = 0; f + 1 < frames.size(); ++f)
    out.pointers[f] = spilled_[frames[f + 1].return_to.value()];
  out.pointers[frames.size() - 1] = spilled_[path.at.value()];
  return out;
}

// The path waits for its turn, in one state with those that wait at the same place if it can.
Check MergedWalk::arrive(Path path) {
  const Key key = key_of(path);
  if (key.count > Key::kMax) return gives_up("too many loops around");
  const auto later = [](const Waiting& each, const Key& than) {
    return std::ranges::lexicographical_compare(than.view(), each.key.view());
  };
  auto place = std::lower_bound(waiting_.begin(), waiting_.end(), key, later);
  auto behind = place;
  while (behind != waiting_.end() && std::ranges::equal(behind->key.view(), key.view())) ++behind;
  Counts counts = counts_at(path);
  const auto joins = [&](Waiting& each) {
    return merge(analysis_, each.path.state, path.state, counts);
  };
  if (std::any_of(place, behind, joins)) return {};
  if (behind - place == (spilled_.empty() ? kApartMax : kApartWithCare)) {
    counts.pointers = {};
    if (!spilled_.empty() && std::any_of(place, behind, joins)) return {};
    return gives_up("too many states that do not merge");
  }
  if (waiting_.size() >= limits_.pending_max) return gives_up("too many ways wait");
  waiting_.insert(place, {key, std::move(path)});
  ++work_.states;
  return {};
}

}  // namespace skep::verify
