#include "verify/explore.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "isa/control_flow.hpp"
#include "verify/callbacks.hpp"
#include "verify/locks.hpp"
#include "verify/speculation.hpp"

namespace skep::verify {
namespace {

using isa::Form;
using isa::Instruction;
using isa::InstructionIndex;

// A checkpoint is worth its cost after so much work since the last one (measured: fewer states,
// same pruning).
constexpr u32 kJumpsBetween = 2, kInstructionsBetween = 8;
// Rounds of a loop differ: states of some of them are kept, those of all would only push each other
// out.
constexpr u32 kJumpsBetweenRounds = 20, kInstructionsBetweenRounds = 100;
// Of loops that go on and on, fewer and fewer: so many states later the distance is doubled. States
// take a kilobyte and more.
constexpr std::size_t kStatesBeforeDoubling = 4096;
// Frames of ways that wait, which take as much: those of as many ways as the kernel lets wait.
constexpr std::size_t kWaitingFramesMax = kKernelPendingMax * isa::kFramesMax;
// A checkpoint that was compared so often in vain is compared no more: so much more often than it
// was of use, and heads of loops later (the kernel's numbers).
constexpr u32 kMisses = 3, kMissesOfHead = 64;

// Equalities between numbers that only one value takes part in say nothing; without them more
// states are alike.
void drop_lone_ids(State& state) {
  std::vector<u32> ids;
  state.for_each_value([&](const Value& value) {
    if (value.is_number() && value.id != 0) ids.push_back(value.id);
  });
  std::ranges::sort(ids);
  const auto is_alone = [&](const Value& value) {
    return value.is_number() && value.id != 0 &&
           std::ranges::equal_range(ids, value.id).size() == 1;
  };
  state.change_values(is_alone, [](Value& value) { value.unlink(); });
}

// Where a kept state has numbers that something stood on.
Places precise_places(const State& state) {
  Places out;
  for (std::size_t f = 0; f < state.frames.size(); ++f) {
    const Frame& frame = state.frames[f];
    for (u8 r = 0; r < isa::kRegisters; ++r) {
      if (frame.registers[r].precise == Precise::yes) out.registers[f] |= bit(r);
    }
    for (std::size_t s = 0; s < frame.slots.size(); ++s) {
      const StackSlot& slot = frame.slots[s];
      if (slot.spilled != 0 && slot.value.precise == Precise::yes) out.slots[f] |= u64{1} << s;
    }
  }
  return out;
}

// What counts as a jump where states are kept: all of the class, calls and exits too
// (do_check_insn in kernel/bpf/verifier.c).
constexpr bool is_of_jump_class(Form form) {
  return form == Form::jump || form == Form::jump_always || form == Form::may_goto ||
         form == Form::call || form == Form::exit;
}

}  // namespace

Explorer::Explorer(const Outline& outline, const Limits& limits)
    : program_(outline.program),
      limits_(limits),
      analysis_(*program_, limits),
      structure_(outline.structure),
      live_(outline.live),
      kept_(program_->code.size()),
      trail_(*program_) {
  work_.visits.resize(program_->code.size());
  work_.kept.resize(program_->code.size());
}

Check Explorer::walk(State start) {
  const u32 function = start.frame().function;
  if (limits_.observer != nullptr) limits_.observer->function_begins(function);
  const isa::InstructionIndex begin = program_->functions[function].begin;
  pending_frames_ = start.frames.size();
  pending_.push_back({.state = std::move(start), .at = begin});
  while (!pending_.empty()) {
    Path path = std::move(pending_.back());
    pending_.pop_back();
    pending_frames_ -= path.state.frames.size();
    if (auto refused = follow(std::move(path))) {
      work_.states += checkpoints_.size();
      return refused;
    }
  }
  forget_walk();
  return {};
}

// What was kept of one function's walk says nothing of another's: its memory serves the next one.
void Explorer::forget_walk() {
  work_.states += checkpoints_.size();
  checkpoints_.clear();
  trail_.clear();
  back_edges_.clear();
  for (std::vector<s32>& kept : kept_) kept.clear();
}

Check Explorer::follow(Path path) {
  Observer* const observer = limits_.observer;
  if (observer != nullptr) {
    observer->path_begins(trail_.instruction_at(path.trail), {path.at, path.state, path.trail});
  }
  for (;;) {
    refused_at_ = path.at;
    refused_took_ = path.took;
    refused_trail_ = path.trail;
    if (auto refused = check_limits()) return refused;
    if (structure_.joins[path.at.value()]) {
      Outcome outcome = at_join(path);
      if (outcome.refused) return outcome.refused;
      if (outcome.ends == Ends::yes) {
        if (observer != nullptr) observer->path_is_safe(path.at);
        break;
      }
    }
    analysis_.facts[path.at.value()].reached = true;
    ++work_.visits[path.at.value()];
    ++instructions_;
    if (is_of_jump_class(program_->code[path.at.value()].form)) ++jumps_;
    analysis_.demand = {};
    refused_trail_ = path.trail;
    if (observer != nullptr) observer->before({path.at, path.state, path.trail});
    Outcome outcome = step(path);
    if (outcome.refused) return outcome.refused;
    if (outcome.ends == Ends::yes) break;
    if (observer != nullptr) observer->after({refused_at_, path.state, path.trail});
  }
  close(path.checkpoint);
  return {};
}

Check Explorer::check_limits() {
  constexpr u64 kLooks = 4096;  // instructions between looks at the clock
  if (++work_.visited > limits_.instructions_max) {
    return Refusal{Property::too_complex,
                   format("more than {} instructions on all paths together",
                          grouped(limits_.instructions_max)),
                   "",
                   {}};
  }
  if (work_.visited % kLooks != 0) return {};
  const auto spent = std::chrono::steady_clock::now() - started_;
  if (spent <= std::chrono::milliseconds(limits_.time_max_ms)) return {};
  return Refusal{Property::too_complex,
                 format("not all paths were walked within {} ms; these were {} instructions",
                        grouped(limits_.time_max_ms), grouped(work_.visited)),
                 "",
                 {}};
}

// Marks the numbers at `places` precise in a kept state; places that hold no number need nothing
// from before it.
bool Explorer::mark(s32 checkpoint, Places& places) {
  State& state = checkpoints_[static_cast<u32>(checkpoint)].state;
  const Frames& frames = state.frames;
  bool changed = false;
  for (std::size_t f = 0; f < frames.size(); ++f) {
    for (Registers left = places.registers[f]; left != 0;
         left &= static_cast<Registers>(left - 1)) {
      const auto r = static_cast<std::size_t>(std::countr_zero(left));
      if (frames[f].registers[r].precise == Precise::no) {
        changed = true;
        state.frames[f].registers[r].precise = Precise::yes;
      }
      if (!frames[f].registers[r].is_number())
        places.registers[f] &= static_cast<Registers>(~(left & -left));
    }
    for (u64 left = places.slots[f]; left != 0; left &= left - 1) {
      const auto s = static_cast<std::size_t>(std::countr_zero(left));
      if (s >= frames[f].slots.size()) break;
      if (frames[f].slots[s].value.precise == Precise::no) {
        changed = true;
        state.frames[f].slots.edit(s).value.precise = Precise::yes;
      }
      if (!frames[f].slots[s].value.is_number()) places.slots[f] &= ~(left & -left);
    }
  }
  if (changed) note_lesson(checkpoints_[static_cast<u32>(checkpoint)]);
  return changed;
}

// What lies behind `trail` stood on the numbers at `places`.
void Explorer::require(s32 trail, std::size_t depth, const Places& places) {
  trail_.carry_back(trail, depth, places,
                    [&](s32 checkpoint, Places& there) { return mark(checkpoint, there); });
}

Explorer::Outcome Explorer::at_join(Path& path) {
  std::vector<s32>& kept = kept_[path.at.value()];
  const bool is_head = structure_.loop_heads[path.at.value()];
  const bool keeps = is_worth_keeping(path);
  const LiveRegisters live = live_at(live_, path.state, path.at);
  const Strictness strictness = strictness_of(analysis_);
  for (std::size_t n = kept.size(); n-- > 0;) {  // the newest first
    Checkpoint& checkpoint = checkpoints_[static_cast<u32>(kept[n])];
    const bool on_this_path = checkpoint.open != 0;
    if (on_this_path && is_last_round(checkpoint, path, live)) {
      note_back_edge(path, kept[n]);
      return {Ends::yes, {}};
    }
    if (on_this_path && same_rounds(checkpoint.state, path.state) &&
        unchanged(checkpoint.state, path.state, live)) {
      return {Ends::yes,
              Refusal{Property::infinite_loop,
                      "no bound was found for the loop through here",
                      "the walk comes back with the same knowledge, so it would go on forever",
                      {}}};
    }
    const bool may_stop = !on_this_path && limits_.paths != Paths::all;
    const bool is_whole = may_stop && open_loop(kept[n]) != kNone;
    if (may_stop &&
        (is_whole ? includes(checkpoint.state, path.state, live, strictness)
                  : covers(checkpoint.state, path.state, {live, checkpoint.read, strictness}))) {
      ++checkpoint.hits;
      if (is_whole) note_back_edge(path, kept[n]);
      note_read(path.checkpoint, path.written, checkpoint.read);
      require(path.trail, path.state.frames.size() - 1, precise_places(checkpoint.state));
      return {Ends::yes, {}};
    }
    if (keeps) ++checkpoint.misses;
    const u32 misses_max = is_head && on_this_path ? kMissesOfHead : kMisses;
    if (checkpoint.misses > checkpoint.hits * misses_max + misses_max) {
      if (!on_this_path && open_loop(kept[n]) == kNone) checkpoint.state = {};
      kept.erase(kept.begin() + static_cast<std::ptrdiff_t>(n));
    }
  }
  if (keeps) keep(path);
  return {};
}

// Whether the state of a path that has come to a join is kept.
bool Explorer::is_worth_keeping(const Path& path) const {
  if (structure_.loop_heads[path.at.value()]) return true;
  const std::vector<s32>& kept = kept_[path.at.value()];
  const bool is_round = std::ranges::any_of(
      kept, [&](s32 number) { return checkpoints_[static_cast<u32>(number)].open != 0; });
  if (is_round) {
    const auto doubled = std::min<std::size_t>(checkpoints_.size() / kStatesBeforeDoubling, 16);
    return jumps_ >= kJumpsBetweenRounds << doubled || instructions_ >= kInstructionsBetweenRounds
                                                                            << doubled;
  }
  return jumps_ >= kJumpsBetween && instructions_ >= kInstructionsBetween;
}

// What is behind a loop's head stood on is needed at the end of each of its rounds, too.
void Explorer::settle_loop(s32 outermost) {
  do {
    learned_ = false;
    for (BackEdge& edge : back_edges_) {
      if (edge.outermost != outermost) continue;
      const Checkpoint& head = checkpoints_[static_cast<u32>(edge.head)];
      if (edge.lessons == head.lessons) continue;
      edge.lessons = head.lessons;
      note_read(edge.checkpoint, edge.written, head.read);
      require(edge.trail, edge.depth, precise_places(head.state));
    }
  } while (learned_);
  std::erase_if(back_edges_, [&](const BackEdge& edge) { return edge.outermost == outermost; });
}

void Explorer::keep(Path& path) {
  drop_lone_ids(path.state);
  const s32 number = static_cast<s32>(checkpoints_.size());
  s32 loop = kNone;
  if (path.checkpoint != kNone) {
    const Checkpoint& parent = checkpoints_[static_cast<u32>(path.checkpoint)];
    loop = structure_.loop_heads[parent.at.value()] ? path.checkpoint : parent.loop;
  }
  checkpoints_.push_back({.state = path.state,
                          .at = path.at,
                          .loop = loop,
                          .parent = path.checkpoint,
                          .written_before = path.written});
  path.written = {};
  kept_[path.at.value()].push_back(number);
  ++work_.kept[path.at.value()];
  path.checkpoint = number;
  path.trail = trail_.add_checkpoint(path.trail, number);
  jumps_ = instructions_ = 0;
}

// One path behind `checkpoint` has ended; it is proved when all have.
void Explorer::close(s32 checkpoint) {
  while (checkpoint != kNone) {
    Checkpoint& now = checkpoints_[static_cast<u32>(checkpoint)];
    if (--now.open != 0) return;
    if (!back_edges_.empty()) settle_loop(checkpoint);
    checkpoint = now.parent;
  }
}

Explorer::Outcome Explorer::step(Path& path) {
  const Instruction& i = program_->code[path.at.value()];
  if (i.form == Form::jump) return branch(path, i);
  if (isa::is_local_call(i)) return call_function(path, i);
  if (i.form == Form::may_goto) return may_goto(path, i);
  if (takes_function(i)) return call_with_callback(path);
  if (structure_.loop_heads[path.at.value()] && i.form == Form::call &&
      !analysis_.for_user_engine())
    return step_iterator(path);
  if (i.form == Form::exit) return exit(path);
  if (i.form == Form::call && tries_lock(*program_, path.at)) return try_lock(path);
  if (i.form == Form::packet_load && path.state.frames.size() > 1) return load_packet(path);
  if (i.form == Form::call && is_throw(*program_, path.at))
    return end(path, do_throw(analysis_, path.state, path.at));
  if (i.form == Form::jump_always) {
    path.at = i.target;
    return {};
  }
  Check refused = transfer(analysis_, path.state, path.at);
  if (!refused) note(path, path.state.frames.size() - 1);
  path.at = path.at.next();
  return {Ends::no, std::move(refused)};
}

void Explorer::note_lesson(Checkpoint& checkpoint) {
  learned_ = true;
  ++checkpoint.lessons;
}

// Records the instruction at path.at, and carries back what it needs to be precise in frame
// `depth`.
void Explorer::note(Path& path, std::size_t depth) {
  if (analysis_.demand.registers != 0 || analysis_.demand.slots != SlotSets{}) {
    Places places{};
    places.registers[depth] = analysis_.demand.registers;
    places.slots = analysis_.demand.slots;
    require(path.trail, depth, places);
  }
  const Holds took = std::exchange(path.took, Holds::no);
  path.trail = trail_.add(path.trail, path.at, analysis_.demand, took);
  note_read(path.checkpoint, path.written, analysis_.demand.read);
  for (std::size_t frame = 0; frame < path.written.size(); ++frame) {
    path.written[frame] |= analysis_.demand.written[frame];
  }
}

// Slots that are read here hold what they held at every kept state before, back to where they were
// overwritten: there they count.
void Explorer::note_read(s32 at, const SlotSets& written_since, SlotSets slots) {
  if (slots == SlotSets{}) return;
  const SlotSets* written = &written_since;
  while (at != kNone) {
    Checkpoint& checkpoint = checkpoints_[static_cast<u32>(at)];
    bool any = false;
    for (std::size_t frame = 0; frame < slots.size(); ++frame) {
      slots[frame] &= ~(*written)[frame];
      slots[frame] &= ~checkpoint.read[frame];
      checkpoint.read[frame] |= slots[frame];
      any = any || slots[frame] != 0;
    }
    if (!any) return;
    note_lesson(checkpoint);
    written = &checkpoint.written_before;
    at = checkpoint.parent;
  }
}

Explorer::Outcome Explorer::branch(Path& path, const Instruction& i) {
  const std::size_t depth = path.state.frames.size() - 1;
  analysis_.demand.linked = linked_with(path.state, i);
  Ways ways;
  if (auto refused = do_jump(analysis_, std::move(path.state), i, ways))
    return {Ends::no, std::move(refused)};
  note(path, depth);
  // Neither way is possible: what is known of the numbers contradicts itself, which the domain did
  // not see earlier. Nothing gets here.
  if (!ways.taken && !ways.passed) return {Ends::yes, {}};
  if (ways.taken && ways.passed) {
    Path other{.state = std::move(*ways.taken),
               .at = i.target,
               .checkpoint = path.checkpoint,
               .took = Holds::yes,
               .trail = path.trail,
               .written = path.written};
    if (auto refused = wait(std::move(other))) return {Ends::no, std::move(refused)};
    ways.taken.reset();
  }
  const bool takes = ways.taken.has_value();
  path.took = takes ? Holds::yes : Holds::no;
  path.state = std::move(takes ? *ways.taken : *ways.passed);
  path.at = takes ? i.target : path.at.next();
  return {};
}

// Keeps another way for later.
Check Explorer::wait(Path other) {
  pending_frames_ += other.state.frames.size();
  if (pending_.size() >= limits_.pending_max || pending_frames_ > kWaitingFramesMax) {
    return Refusal{Property::too_complex,
                   format("more than {} ways wait to be walked", grouped(pending_.size())),
                   "",
                   {}};
  }
  if (other.checkpoint != kNone) ++checkpoints_[static_cast<u32>(other.checkpoint)].open;
  pending_.push_back(std::move(other));
  return {};
}

Explorer::Outcome Explorer::call_function(Path& path, const Instruction& i) {
  const std::size_t number = number_of_function(*program_, i.target);
  const platform::Function& callee = program_->functions[number];
  if (is_verified_apart(callee)) {
    analysis_.called[number] = true;
    auto refused = do_global_call(analysis_, path.state, path.at, callee);
    if (!refused) note(path, path.state.frames.size() - 1);
    path.at = path.at.next();
    return {Ends::no, std::move(refused)};
  }
  analysis_.demand.enters = true;
  note(path, path.state.frames.size() - 1);
  path.written[path.state.frames.size()] = ~u64{0};  // nothing older can be read there
  enter_function(path.state, number, path.at.next());
  path.at = i.target;
  return {};
}

// The last instruction of a path.
Explorer::Outcome Explorer::end(Path& path, Check refused) {
  if (!refused && analysis_.demand.registers != 0) note(path, path.state.frames.size() - 1);
  return {Ends::yes, std::move(refused)};
}

Explorer::Outcome Explorer::exit(Path& path) {
  if (path.state.frames.size() == 1) return end(path, check_end(analysis_, path.state));
  if (path.state.frame().entered == Entered::as_callback) return leave_callback(path);
  const std::size_t depth = path.state.frames.size() - 1;
  const InstructionIndex return_to = path.state.frame().return_to;
  if (auto refused = leave_function(path.state)) return {Ends::no, std::move(refused)};
  note(path, depth);
  path.at = return_to;
  return {};
}

}  // namespace skep::verify
