#include "verify/explore.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "isa/control_flow.hpp"
#include "verify/arguments.hpp"
#include "verify/callbacks.hpp"
#include "verify/kernel_types.hpp"
#include "verify/liveness.hpp"
#include "verify/returns.hpp"

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
  state.change_values(is_alone, [](Value& value) { value.id = 0; });
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

std::shared_ptr<const platform::Program> with_functions(
    std::shared_ptr<const platform::Program> program) {
  if (!program->functions.empty()) return program;
  auto copy = std::make_shared<platform::Program>(*program);
  copy->functions.push_back({copy->name, InstructionIndex(0), InstructionIndex(copy->code.size()),
                             platform::Linkage::global});
  return copy;
}

}  // namespace

Analysis::Analysis(const platform::Program& of, const Limits& limits)
    : program(of),
      rules(limits.rules),
      kernel(limits.kernel_types),
      code(of.code),
      facts(of.code.size()),
      frames(of.functions.size()),
      arena(arena_of(of)) {}

std::string_view register_name(u8 r) {
  constexpr std::array<std::string_view, isa::kRegisters> kNames = {
      "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10"};
  return kNames[r];
}

Explorer::Explorer(std::shared_ptr<const platform::Program> program, const Limits& limits)
    : program_(with_functions(std::move(program))),
      limits_(limits),
      analysis_(*program_, limits),
      kept_(program_->code.size()),
      trail_(*program_) {
  work_.visits.resize(program_->code.size());
  work_.kept.resize(program_->code.size());
}

Verdict Explorer::run() {
  const auto start = std::chrono::steady_clock::now();
  Check refused;
  if (auto misshapen = check_structure(*program_, structure_)) {
    refused_at_ = misshapen->at;
    refused = misshapen->refusal;
  } else {
    live_ = live_registers(*program_);
    refused = explore();
  }
  if (!refused) {
    if (auto misshapen = check_stack_depth(analysis_)) {
      refused_at_ = misshapen->at;
      refused_decision_ = kNone;
      refused = misshapen->refusal;
    }
  }
  work_.states += checkpoints_.size();  // of the function that was refused
  work_.time_ns =
      static_cast<u64>((std::chrono::steady_clock::now() - start) / std::chrono::nanoseconds(1));
  if (refused) return {report(refused_at_, *refused, refused_decision_), work_};
  if (limits_.rules == Rules::kernel) return {AcceptedByKernel{}, work_};
  return {finish(), work_};
}

Check Explorer::explore() {
  if (analysis_.for_user_engine() && analysis_.type().input == platform::Input::none) {
    return Refusal{
        Property::unsupported,
        format("{} programs cannot be verified for the user engine", analysis_.type().name), "",
        "it runs xdp, sched_cls, socket_filter and syscall programs"};
  }
  if (!analysis_.for_user_engine() && is_typed_by_kernel(*program_)) {
    if (auto refused = find_prototype(analysis_, analysis_.prototype.emplace())) return refused;
  }
  called_.assign(program_->functions.size(), false);
  std::vector<bool> done = called_;
  called_[0] = true;
  if (program_->exception_callback) called_[*program_->exception_callback] = true;
  for (std::size_t function = 0; function < called_.size();) {
    if (!called_[function] || done[function]) {
      ++function;
      continue;
    }
    if (auto refused = explore_function(function)) return refused;
    done[function] = true;
    function = 0;  // it may have called one with a smaller number
  }
  return {};
}

Check Explorer::explore_function(std::size_t function) {
  pending_.push_back(
      {.state = entry_state(analysis_, function), .at = program_->functions[function].begin});
  while (!pending_.empty()) {
    Path path = std::move(pending_.back());
    pending_.pop_back();
    if (auto refused = follow(std::move(path))) return refused;
  }
  forget_walk();
  return {};
}

// What was kept of one function's walk says nothing of another's: its memory serves the next one.
void Explorer::forget_walk() {
  work_.states += checkpoints_.size();
  checkpoints_.clear();
  decisions_.clear();
  trail_.clear();
  back_edges_.clear();
  for (std::vector<s32>& kept : kept_) kept.clear();
}

Check Explorer::follow(Path path) {
  for (;;) {
    refused_at_ = path.at;
    refused_decision_ = path.decision;
    if (++work_.visited > limits_.instructions_max) {
      return Refusal{Property::too_complex,
                     format("more than {} instructions on all paths together",
                            grouped(limits_.instructions_max)),
                     "",
                     {}};
    }
    if (structure_.joins[path.at.value()]) {
      Outcome outcome = at_join(path);
      if (outcome.refused) return outcome.refused;
      if (outcome.ends == Ends::yes) break;
    }
    analysis_.facts[path.at.value()].reached = true;
    ++work_.visits[path.at.value()];
    ++instructions_;
    analysis_.demand = {};
    Outcome outcome = step(path);
    if (outcome.refused) return outcome.refused;
    if (outcome.ends == Ends::yes) break;
  }
  close(path.checkpoint);
  return {};
}

Explorer::LiveRegisters Explorer::live_at(const State& state, InstructionIndex at) const {
  LiveRegisters out{};
  for (std::size_t frame = 0; frame + 1 < state.frames.size(); ++frame) {
    const Frame& callee = state.frames[frame + 1];
    const Registers caller = live_[callee.return_to.value()];
    // A call writes r0 and clears r1 to r5; a helper's call is walked again.
    out[frame] = callee.entered == Entered::as_callback
                     ? caller
                     : caller & static_cast<Registers>(~0b111111);
  }
  out[state.frames.size() - 1] = live_[at.value()];
  return out;
}

// Marks the numbers at `places` precise in a kept state; places that hold no number need nothing
// from before it.
bool Explorer::mark(s32 checkpoint, Places& places) {
  State& state = checkpoints_[static_cast<u32>(checkpoint)].state;
  bool changed = false;
  for (std::size_t f = 0; f < state.frames.size(); ++f) {
    Frame& frame = state.frames[f];
    for (Registers left = places.registers[f]; left != 0;
         left &= static_cast<Registers>(left - 1)) {
      Value& value = frame.registers[static_cast<std::size_t>(std::countr_zero(left))];
      changed = changed || value.precise == Precise::no;
      value.precise = Precise::yes;
      if (!value.is_number()) places.registers[f] &= static_cast<Registers>(~(left & -left));
    }
    for (u64 left = places.slots[f]; left != 0; left &= left - 1) {
      const auto s = static_cast<std::size_t>(std::countr_zero(left));
      if (s >= frame.slots.size()) break;
      if (frame.slots[s].value.precise == Precise::no) {
        changed = true;
        frame.slots.edit(s).value.precise = Precise::yes;
      }
      if (!frame.slots[s].value.is_number()) places.slots[f] &= ~(left & -left);
    }
  }
  learned_ |= changed;
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
  const LiveRegisters live = live_at(path.state, path.at);
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
    const bool may_stop = !on_this_path && limits_.prune == Prune::yes;
    const bool is_whole = may_stop && open_loop(kept[n]) != kNone;
    if (may_stop && (is_whole ? includes(checkpoint.state, path.state, live)
                              : covers(checkpoint.state, path.state, {live, checkpoint.read}))) {
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
    return jumps_ >= kJumpsBetweenRounds || instructions_ >= kInstructionsBetweenRounds;
  }
  return jumps_ >= kJumpsBetween && instructions_ >= kInstructionsBetween;
}

// What is behind a loop's head stood on is needed at the end of each of its rounds, too.
void Explorer::settle_loop(s32 outermost) {
  do {
    learned_ = false;
    for (const BackEdge& edge : back_edges_) {
      if (edge.outermost != outermost) continue;
      const Checkpoint& head = checkpoints_[static_cast<u32>(edge.head)];
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
  if (i.form == Form::exit) return exit(path);
  if (is_throw(*program_, path.at)) return end(path, do_throw(analysis_, path.state, path.at));
  if (i.form == Form::jump_always) {
    ++jumps_;
    path.at = i.target;
    return {};
  }
  Check refused = transfer(path, i);
  if (!refused) note(path, path.state.frames.size() - 1);
  path.at = path.at.next();
  return {Ends::no, std::move(refused)};
}

// The instructions that go on to the next one.
Check Explorer::transfer(Path& path, const Instruction& i) {
  switch (i.form) {
    case Form::alu: return do_alu(analysis_, path.state, path.at);
    case Form::constant: return do_constant(analysis_, path.state, i);
    case Form::load:
    case Form::load_signed: return do_load(analysis_, path.state, path.at);
    case Form::store: return do_store(analysis_, path.state, path.at);
    case Form::atomic: return do_atomic(analysis_, path.state, path.at);
    case Form::packet_load: return do_packet_load(analysis_, path.state, path.at);
    case Form::call:
      if (const auto function = user_function_at(*program_, path.at))
        return do_arena_call(analysis_, path.state, path.at, *function);
      return do_helper_call(analysis_, path.state, path.at);
    case Form::address_space_cast: return do_cast(analysis_, path.state, path.at);
    case Form::unknown:
      return Refusal{Property::unsupported,
                     format("not an instruction that skep knows ({})", isa::bytes_of_unknown(i)),
                     "", std::string(isa::kUnknownHint)};
    case Form::may_goto:
    case Form::jump:
    case Form::jump_always:
    case Form::exit:
    case Form::count_: break;
  }
  return {};
}

// Records the instruction at path.at, and carries back what it needs to be precise in frame
// `depth`.
void Explorer::note(Path& path, std::size_t depth) {
  if (analysis_.demand.registers != 0) {
    Places places{};
    places.registers[depth] = analysis_.demand.registers;
    require(path.trail, depth, places);
  }
  path.trail = trail_.add(path.trail, path.at, analysis_.demand);
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
    learned_ = true;
    written = &checkpoint.written_before;
    at = checkpoint.parent;
  }
}

s32 Explorer::decide(const Path& path, Holds holds) {
  decisions_.push_back({path.decision, path.at, holds});
  return static_cast<s32>(decisions_.size()) - 1;
}

Explorer::Outcome Explorer::branch(Path& path, const Instruction& i) {
  const std::size_t depth = path.state.frames.size() - 1;
  Ways ways;
  if (auto refused = do_jump(analysis_, std::move(path.state), i, ways))
    return {Ends::no, std::move(refused)};
  note(path, depth);
  ++jumps_;
  // Neither way is possible: what is known of the numbers contradicts itself, which the domain did
  // not see earlier. Nothing gets here.
  if (!ways.taken && !ways.passed) return {Ends::yes, {}};
  if (ways.taken && ways.passed) {
    Path other{.state = std::move(*ways.taken),
               .at = i.target,
               .checkpoint = path.checkpoint,
               .decision = decide(path, Holds::yes),
               .trail = path.trail,
               .written = path.written};
    if (auto refused = wait(std::move(other))) return {Ends::no, std::move(refused)};
    ways.taken.reset();
  }
  const bool takes = ways.taken.has_value();
  path.decision = decide(path, takes ? Holds::yes : Holds::no);
  path.state = std::move(takes ? *ways.taken : *ways.passed);
  path.at = takes ? i.target : path.at.next();
  return {};
}

// Keeps another way for later.
Check Explorer::wait(Path other) {
  if (pending_.size() >= limits_.pending_max) {
    return Refusal{Property::too_complex,
                   format("more than {} ways wait to be walked", grouped(limits_.pending_max)),
                   "",
                   {}};
  }
  if (other.checkpoint != kNone) ++checkpoints_[static_cast<u32>(other.checkpoint)].open;
  pending_.push_back(std::move(other));
  return {};
}

Explorer::Outcome Explorer::call_function(Path& path, const Instruction& i) {
  const auto callee = std::ranges::find(program_->functions, i.target, &platform::Function::begin);
  const auto number = static_cast<std::size_t>(callee - program_->functions.begin());
  if (is_verified_apart(*callee)) {
    called_[number] = true;
    auto refused = do_global_call(analysis_, path.state, path.at, *callee);
    if (!refused) note(path, path.state.frames.size() - 1);
    path.at = path.at.next();
    return {Ends::no, std::move(refused)};
  }
  analysis_.demand.enters = true;
  note(path, path.state.frames.size() - 1);
  Frame frame;
  frame.function = static_cast<u32>(number);
  frame.return_to = path.at.next();
  for (u8 r = isa::kR1; r <= isa::kR5; ++r) frame.registers[r] = path.state.registers()[r];
  frame.registers[isa::kFramePointer] = Value::pointer(Kind::stack);
  frame.registers[isa::kFramePointer].frame = static_cast<u8>(path.state.frames.size());
  path.written[path.state.frames.size()] = ~u64{0};  // nothing older can be read there
  path.state.frames.push_back(std::move(frame));
  path.at = i.target;
  return {};
}

// The end of the program, or of a global function that is verified on its own.
Check Explorer::check_end(const Path& path) {
  const platform::Function& function = program_->functions[path.state.frame().function];
  if (!path.state.held.empty()) {
    return still_held(*program_, path.state, format("{} ends with ", function.name),
                      " that was not given back");
  }
  // Operations of the kernel may return nothing, as functions do.
  const bool may_be_void =
      path.state.frame().function != 0 || program_->type == platform::ProgramType::struct_ops;
  if (function.signature && !function.signature->returns_number && may_be_void) return {};
  const u32 number = path.state.frame().function;
  if (number == 0 || program_->exception_callback == number)
    return check_returned(analysis_, path.state, isa::kR0, format("{} returns", function.name));
  if (auto refused = check_readable(path.state, isa::kR0)) return refused;
  const Value& result = path.state.frame().registers[isa::kR0];
  if (!result.is_number() && analysis_.for_user_engine()) {
    return Refusal{Property::return_value,
                   format("{} returns a pointer", function.name),
                   format("r0 is {}", describe(result)),
                   {}};
  }
  return {};
}

// The last instruction of a path.
Explorer::Outcome Explorer::end(Path& path, Check refused) {
  if (!refused && analysis_.demand.registers != 0) note(path, path.state.frames.size() - 1);
  return {Ends::yes, std::move(refused)};
}

Explorer::Outcome Explorer::exit(Path& path) {
  if (path.state.frames.size() == 1) return end(path, check_end(path));
  if (path.state.frame().entered == Entered::as_callback) return leave_callback(path);
  const Value result = path.state.registers()[isa::kR0];
  const std::size_t depth = path.state.frames.size() - 1;
  if (result.kind == Kind::stack && result.frame == depth) {
    return {Ends::no, Refusal{Property::return_value,
                              "a function returns a pointer into its own frame",
                              "the frame is gone after the return",
                              {}}};
  }
  note(path, depth);
  path.at = path.state.frame().return_to;
  path.state.frames.pop_back();
  clear_arguments(path.state, path.at);
  path.state.registers()[isa::kR0] = result;
  return {};
}

// Where no path leads, a call may be of something that no engine has: of a weak function, or in the
// place of what CO-RE did not find. It becomes `r0 = 0`.
void Explorer::remove_unreached_calls() {
  for (std::size_t at = 0; at < analysis_.code.size(); ++at) {
    Instruction& i = analysis_.code[at];
    if (analysis_.facts[at].reached || i.form != isa::Form::call) continue;
    const bool known = i.call() == isa::Call::local ||
                       (i.call() == isa::Call::helper && platform::find_helper(i.immediate));
    if (known) continue;
    i = {.form = isa::Form::alu, .operation = static_cast<u8>(isa::Alu::mov), .slot = i.slot};
  }
}

VerifiedProgram Explorer::finish() {
  remove_unreached_calls();
  VerifiedProgram out;
  out.program_ = program_;
  out.code_ = std::move(analysis_.code);
  out.facts_ = std::move(analysis_.facts);
  out.frames_ = std::move(analysis_.frames);
  out.may_change_packet_ = analysis_.may_change_packet;
  out.context_bytes_ = analysis_.context_bytes;
  out.arena_ = analysis_.arena;
  return out;
}

bool needs_kernel_types(const platform::Program& program) { return is_typed_by_kernel(program); }

Verdict verify(std::shared_ptr<const platform::Program> program, const Limits& limits) {
  return Explorer(std::move(program), limits).run();
}

}  // namespace skep::verify
