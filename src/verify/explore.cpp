#include "verify/explore.hpp"

#include <algorithm>
#include <utility>

#include "isa/control_flow.hpp"
#include "verify/liveness.hpp"

namespace skep::verify {
namespace {

using isa::Form;
using isa::Instruction;
using isa::InstructionIndex;

// A checkpoint is worth its cost after so much work since the last one (measured: fewer states,
// same pruning).
constexpr u32 kJumpsBetween = 2, kInstructionsBetween = 8;

// Equalities between numbers that only one value takes part in say nothing; without them more
// states are alike.
void drop_lone_ids(State& state) {
  std::vector<u32> ids;
  state.for_each_value([&](const Value& value) {
    if (value.is_number() && value.id != 0) ids.push_back(value.id);
  });
  std::ranges::sort(ids);
  state.for_each_value([&](Value& value) {
    if (!value.is_number() || value.id == 0) return;
    if (std::ranges::upper_bound(ids, value.id) - std::ranges::lower_bound(ids, value.id) == 1)
      value.id = 0;
  });
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

Analysis::Analysis(const platform::Program& of)
    : program(of), code(of.code), facts(of.code.size()), stack_bytes(of.functions.size()) {}

std::string register_name(u8 r) { return format("r{}", r); }

Explorer::Explorer(std::shared_ptr<const platform::Program> program, const Limits& limits)
    : program_(with_functions(std::move(program))),
      limits_(limits),
      analysis_(*program_),
      kept_(program_->code.size()) {}

Verdict Explorer::run() {
  const auto start = std::chrono::steady_clock::now();
  Check refused;
  if (auto misshapen = check_structure(*program_, structure_)) {
    refused_at_ = misshapen->at;
    refused = misshapen->refusal;
  } else {
    relevance_ = relevance_of(*program_);
    refused = explore();
  }
  if (!refused) {
    if (auto misshapen = check_stack_depth(analysis_)) {
      refused_at_ = misshapen->at;
      refused_decision_ = kNone;
      refused = misshapen->refusal;
    }
  }
  work_.states = checkpoints_.size();
  work_.time_ns =
      static_cast<u64>((std::chrono::steady_clock::now() - start) / std::chrono::nanoseconds(1));
  if (refused) return {report(refused_at_, *refused, refused_decision_), work_};
  return {finish(), work_};
}

State Explorer::initial_state() const {
  State state;
  state.frames.emplace_back();
  state.registers()[isa::kR1] = Value::pointer(Kind::context);
  state.registers()[isa::kFramePointer] = Value::pointer(Kind::stack);
  return state;
}

Check Explorer::explore() {
  if (analysis_.type().context_size == 0) {
    return Refusal{
        Property::unsupported,
        format("{} programs cannot be verified for the user engine", analysis_.type().name), "",
        "it runs xdp, sched_cls and socket_filter programs"};
  }
  pending_.push_back({.state = initial_state()});
  while (!pending_.empty()) {
    Path path = std::move(pending_.back());
    pending_.pop_back();
    if (auto refused = follow(std::move(path))) return refused;
  }
  return {};
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
    ++path.instructions;
    Outcome outcome = step(path);
    if (outcome.refused) return outcome.refused;
    if (outcome.ends == Ends::yes) break;
  }
  close(path.checkpoint);
  return {};
}

std::vector<Relevance> Explorer::relevance_at(const State& state, InstructionIndex at) const {
  std::vector<Relevance> out;
  for (std::size_t frame = 0; frame + 1 < state.frames.size(); ++frame) {
    Relevance caller = relevance_[state.frames[frame + 1].return_to.value()];
    caller.live &= static_cast<u16>(~0b111111);  // the call writes r0 and clears r1 to r5
    out.push_back(caller);
  }
  out.push_back(relevance_[at.value()]);
  return out;
}

Explorer::Outcome Explorer::at_join(Path& path) {
  const std::vector<Relevance> relevance = relevance_at(path.state, path.at);
  std::vector<s32>& kept = kept_[path.at.value()];
  for (std::size_t n = 0; n < kept.size();) {
    Checkpoint& checkpoint = checkpoints_[static_cast<u32>(kept[n])];
    const bool on_this_path = checkpoint.open != 0;
    if (on_this_path && unchanged(checkpoint.state, path.state, relevance)) {
      return {Ends::yes, Refusal{Property::infinite_loop,
                                 "the loop through here comes back with nothing changed",
                                 "so it would never end",
                                 {}}};
    }
    if (!on_this_path && covers(checkpoint.state, path.state, relevance)) {
      ++checkpoint.hits;
      return {Ends::yes, {}};
    }
    ++checkpoint.misses;
    if (!on_this_path && checkpoint.misses > checkpoint.hits * 3 + 3) {
      checkpoint.state = {};
      kept[n] = kept.back();
      kept.pop_back();
      continue;
    }
    ++n;
  }
  if (path.jumps >= kJumpsBetween && path.instructions >= kInstructionsBetween) keep(path);
  return {};
}

void Explorer::keep(Path& path) {
  drop_lone_ids(path.state);
  const s32 number = static_cast<s32>(checkpoints_.size());
  checkpoints_.push_back({.state = path.state, .parent = path.checkpoint});
  kept_[path.at.value()].push_back(number);
  path.checkpoint = number;
  path.jumps = path.instructions = 0;
}

// One path behind `checkpoint` has ended; it is proved when all have.
void Explorer::close(s32 checkpoint) {
  while (checkpoint != kNone) {
    Checkpoint& now = checkpoints_[static_cast<u32>(checkpoint)];
    if (--now.open != 0) return;
    checkpoint = now.parent;
  }
}

Explorer::Outcome Explorer::step(Path& path) {
  const Instruction& i = program_->code[path.at.value()];
  Check refused;
  switch (i.form) {
    case Form::alu: refused = do_alu(analysis_, path.state, i); break;
    case Form::constant: refused = do_constant(analysis_, path.state, i); break;
    case Form::load:
    case Form::load_signed: refused = do_load(analysis_, path.state, path.at); break;
    case Form::store: refused = do_store(analysis_, path.state, path.at); break;
    case Form::atomic: refused = do_atomic(analysis_, path.state, path.at); break;
    case Form::packet_load: refused = do_packet_load(analysis_, path.state, path.at); break;
    case Form::jump: return branch(path, i);
    case Form::jump_always:
      ++path.jumps;
      path.at = i.target;
      return {};
    case Form::may_goto:
      refused = Refusal{Property::unsupported, "may_goto is not verified yet", "",
                        "bound the loop with a counter"};
      break;
    case Form::call:
      if (i.call() == isa::Call::local) return call_function(path, i);
      refused = do_helper_call(analysis_, path.state, path.at);
      break;
    case Form::exit: return exit(path);
    case Form::count_: break;
  }
  path.at = path.at.next();
  return {Ends::no, std::move(refused)};
}

s32 Explorer::decide(const Path& path, Holds holds) {
  decisions_.push_back({path.decision, path.at, holds});
  return static_cast<s32>(decisions_.size()) - 1;
}

Explorer::Outcome Explorer::branch(Path& path, const Instruction& i) {
  Ways ways;
  if (auto refused = do_jump(analysis_, std::move(path.state), i, ways))
    return {Ends::no, std::move(refused)};
  ++path.jumps;
  if (ways.taken && ways.passed) {
    Path other{.state = std::move(*ways.taken),
               .at = i.target,
               .checkpoint = path.checkpoint,
               .decision = decide(path, Holds::yes),
               .jumps = path.jumps,
               .instructions = path.instructions};
    if (other.checkpoint != kNone) ++checkpoints_[static_cast<u32>(other.checkpoint)].open;
    pending_.push_back(std::move(other));
    ways.taken.reset();
  }
  const bool takes = ways.taken.has_value();
  path.decision = decide(path, takes ? Holds::yes : Holds::no);
  path.state = std::move(takes ? *ways.taken : *ways.passed);
  path.at = takes ? i.target : path.at.next();
  return {};
}

Explorer::Outcome Explorer::call_function(Path& path, const Instruction& i) {
  const auto callee = std::ranges::find(program_->functions, i.target, &platform::Function::begin);
  Frame frame;
  frame.function = static_cast<u32>(callee - program_->functions.begin());
  frame.return_to = path.at.next();
  for (u8 r = isa::kR1; r <= isa::kR5; ++r) frame.registers[r] = path.state.registers()[r];
  frame.registers[isa::kFramePointer] = Value::pointer(Kind::stack);
  frame.registers[isa::kFramePointer].frame = static_cast<u8>(path.state.frames.size());
  path.state.frames.push_back(std::move(frame));
  path.at = i.target;
  return {};
}

Explorer::Outcome Explorer::exit(Path& path) {
  if (auto refused = check_readable(path.state, isa::kR0)) return {Ends::no, std::move(refused)};
  const Value result = path.state.registers()[isa::kR0];
  if (path.state.frames.size() == 1) {
    if (!path.state.held.empty()) {
      return {
          Ends::no,
          Refusal{Property::held_record,
                  "the program ends with a ring record that was not given back",
                  format("instruction {} reserved it",
                         program_->code[path.state.held.front().reserved_at.value()].slot.value()),
                  {}}};
    }
    if (!result.is_number()) {
      return {Ends::no, Refusal{Property::return_value,
                                "the program returns a pointer",
                                format("r0 is {}", describe(result)),
                                {}}};
    }
    return {Ends::yes, {}};
  }
  const std::size_t depth = path.state.frames.size() - 1;
  if (result.kind == Kind::stack && result.frame == depth) {
    return {Ends::no, Refusal{Property::return_value,
                              "a function returns a pointer into its own frame",
                              "the frame is gone after the return",
                              {}}};
  }
  path.at = path.state.frame().return_to;
  path.state.frames.pop_back();
  auto& registers = path.state.registers();
  for (u8 r = isa::kR1; r <= isa::kR5; ++r) {
    registers[r] = Value::unset_value();
    registers[r].lost_at = path.at.value();
  }
  registers[isa::kR0] = result;
  return {};
}

VerifiedProgram Explorer::finish() {
  VerifiedProgram out;
  out.program_ = program_;
  out.code_ = std::move(analysis_.code);
  out.facts_ = std::move(analysis_.facts);
  out.stack_bytes_ = std::move(analysis_.stack_bytes);
  return out;
}

Verdict verify(std::shared_ptr<const platform::Program> program, const Limits& limits) {
  return Explorer(std::move(program), limits).run();
}

}  // namespace skep::verify
