// The shape of a program before it is walked: functions, jumps, calls, and what cannot be reached.
#include <algorithm>

#include "isa/control_flow.hpp"
#include "platform/helpers.hpp"
#include "verify/analysis.hpp"
#include "verify/callbacks.hpp"
#include "verify/iterators.hpp"
#include "verify/step.hpp"

namespace skep::verify {
namespace {

using isa::InstructionIndex;

constexpr u32 kOwnStackBytesMin = 64;  // BPF_PRIV_STACK_MIN_SIZE
constexpr u32 kFrameRounding = 16;     // bytes, as the kernel counts frames when it compiles
// Of the callers of a function with a tail call: what it enters has a whole stack of its own
// (check_max_stack_depth_subprog in kernel/bpf/verifier.c).
constexpr u32 kStackBeforeTailCall = 256;

bool is_tail_call(const isa::Instruction& i) {
  if (i.form != isa::Form::call || i.call() != isa::Call::helper) return false;
  const platform::HelperRow* helper = platform::find_helper(i.immediate);
  return helper != nullptr && helper->effect == platform::Effect::ends_program;
}

class Shape {
 public:
  Shape(const platform::Program& program, Structure& structure)
      : program_(program), structure_(structure) {
    structure_.joins.assign(program.code.size(), false);
    structure_.loop_heads = structure_.joins;
    reached_.assign(program.code.size(), 0);
  }

  std::optional<Misshapen> check() {
    if (auto found = check_needs()) return found;
    if (auto found = check_arenas(program_)) return found;
    for (const platform::Function& function : program_.functions) {
      if (auto found = check_function(function)) return found;
    }
    if (auto found = reach(0, {})) return found;
    if (program_.exception_callback) {
      if (auto found = reach(*program_.exception_callback, {})) return found;
      if (auto found = check_exception_callback(program_)) return found;
    }
    const auto dead = std::ranges::find(reached_, 0);
    if (dead == reached_.end()) return {};
    return misshapen(InstructionIndex(static_cast<std::size_t>(dead - reached_.begin())),
                     Property::unreachable_code, "no path leads here", "");
  }

 private:
  static Misshapen misshapen(InstructionIndex at, Property property, std::string message,
                             std::string reason) {
    return {at, {property, std::move(message), std::move(reason), {}}};
  }

  // What only a kernel could give: a program type, and externs that nobody has found.
  std::optional<Misshapen> check_needs() const {
    if (program_.type == platform::ProgramType::unspecified) {
      return Misshapen{InstructionIndex(0),
                       {Property::unsupported,
                        format("no program type has a section named {}", program_.section), "",
                        platform::section_advice(program_.section)}};
    }
    for (const platform::ExternUse& use : program_.uses) {
      const platform::Extern& external = (*program_.externs)[use.number];
      if (external.is_weak || external.state == platform::ExternState::found) continue;
      if (user_function_at(program_, use.at)) continue;
      const bool is_configuration = external.kind == platform::ExternKind::configuration;
      return Misshapen{
          use.at,
          {Property::unsupported,
           format("the {} {} is not there", platform::name_of(external.kind), external.name), "",
           is_configuration
               ? "give the configuration of a kernel that sets it: --kconfig FILE, or "
                 "LoadOptions::configuration"
               : "the kernel whose types are asked has none, and the user engine has no "
                 "kernel; name the types of one that has it by --btf, or declare it "
                 "__weak and test for it"}};
    }
    return {};
  }

  std::optional<Misshapen> check_function(const platform::Function& function) {
    const auto inside = [&](InstructionIndex at) {
      return function.begin <= at && at < function.end;
    };
    for (InstructionIndex at = function.begin; at < function.end; at = at.next()) {
      const isa::Instruction& i = program_.code[at.value()];
      if (isa::has_jump_target(i)) {
        if (!inside(i.target))
          return misshapen(at, Property::control_flow, "a jump leaves its function",
                           format("it goes to instruction {}", i.target.value()));
        structure_.joins[i.target.value()] = true;
        if (i.form == isa::Form::jump) structure_.joins[at.value()] = true;
      }
      if (isa::falls_through(i) && at.next() == function.end) {
        return misshapen(at, Property::control_flow,
                         format("function {} runs into the code behind it", function.name),
                         "its last instruction neither jumps nor exits");
      }
      if (i.form == isa::Form::may_goto) begin_loop(at);
      if (i.form == isa::Form::call) {
        if (takes_function(i) || steps_iterator(program_, at)) begin_loop(at);
        keeps_for_later_ |= keeps_function(program_, at);
      }
      if (names_function(i)) {
        if (called(i) == program_.functions.size())
          return misshapen(at, Property::control_flow,
                           "the address of something that is not the start of a function", "");
        structure_.joins[i.target.value()] = true;
      }
      if (isa::is_local_call(i)) {
        if (called(i) == program_.functions.size())
          return misshapen(at, Property::control_flow, "a call into the middle of a function", "");
        structure_.joins[at.value()] = true;
        structure_.joins[at.value() + 1] = true;
        structure_.joins[i.target.value()] = true;
      }
    }
    return {};
  }

  void begin_loop(InstructionIndex at) {
    structure_.joins[at.value()] = structure_.loop_heads[at.value()] = true;
  }

  // The number of the function that a local call goes to.
  std::size_t called(const isa::Instruction& i) const {
    const auto found = std::ranges::find(program_.functions, i.target, &platform::Function::begin);
    return static_cast<std::size_t>(found - program_.functions.begin());
  }

  // Walks everything that `function` can reach; `chain` has the functions that are being called.
  // What was walked at the end of a chain as long says nothing new: chains are as many as products
  // of calls.
  std::optional<Misshapen> reach(std::size_t function, std::vector<std::size_t> chain) {
    chain.push_back(function);
    deepest_.resize(program_.functions.size());
    if (deepest_[function] >= chain.size()) return {};
    deepest_[function] = chain.size();
    std::vector<InstructionIndex> pending{program_.functions[function].begin};
    std::vector<InstructionIndex> calls;
    while (!pending.empty()) {
      InstructionIndex at = pending.back();
      pending.pop_back();
      while (reached_[at.value()] == 0) {
        reached_[at.value()] = 1;
        const isa::Instruction& i = program_.code[at.value()];
        if (isa::is_local_call(i) || names_function(i)) calls.push_back(at);
        if (i.form == isa::Form::exit) break;
        if (isa::is_conditional(i)) pending.push_back(i.target);
        at = i.form == isa::Form::jump_always ? i.target : at.next();
      }
    }
    if (!calls.empty() || callees_.size() <= function) callees_.resize(program_.functions.size());
    callees_[function].insert(callees_[function].end(), calls.begin(), calls.end());
    for (const InstructionIndex at : callees_[function]) {
      const std::size_t callee = called(program_.code[at.value()]);
      // What a timer calls may name itself, for the next time.
      if (names_function(program_.code[at.value()]) && keeps_for_later_) {
        if (reached_[program_.functions[callee].begin.value()]) continue;
        if (auto found = reach(callee, {})) return found;
        continue;
      }
      if (std::ranges::find(chain, callee) != chain.end()) {
        return misshapen(at, Property::recursion,
                         format("function {} calls itself", program_.functions[callee].name), "");
      }
      if (chain.size() >= isa::kFramesMax) {
        return misshapen(at, Property::recursion,
                         format("calls nest more than {} deep", isa::kFramesMax), "");
      }
      if (auto found = reach(callee, chain)) return found;
    }
    return {};
  }

  const platform::Program& program_;
  Structure& structure_;
  std::vector<u8> reached_;           // by instruction: 1 once some path leads there
  bool keeps_for_later_ = false;      // some call keeps a function for later
  std::vector<std::size_t> deepest_;  // by function: the longest chain that it ended; 0: none
  std::vector<std::vector<InstructionIndex>> callees_;  // by function: its call instructions
};

}  // namespace

std::optional<Misshapen> check_structure(const platform::Program& program, Structure& structure) {
  return Shape(program, structure).check();
}

namespace {

// Frames that have their own memory, which the kernel gives to functions with large ones where a
// program may run into itself, or is run on any stack (bpf_enable_priv_stack in
// kernel/bpf/verifier.c of 6.18, which follows programs so since 6.13). They count on their own.
class StackDepth {
 public:
  explicit StackDepth(const Analysis& analysis)
      : analysis_(analysis),
        program_(analysis.program),
        frames_(analysis.frames.size()),
        highest_(analysis.frames.size()) {}

  std::optional<Misshapen> check() {
    // What a timer calls runs on its own, too. It and what it calls have no memory of their own,
    // from wherever else they are called.
    for (const Later& later : analysis_.later) {
      if (auto found = walk(later.function, 0)) return found;
    }
    // The exception callback runs when the frames of all others are gone.
    if (program_.exception_callback) {
      if (auto found = walk(*program_.exception_callback, 0)) return found;
    }
    has_own_ = may_have_own();
    return walk(0, 0);
  }

 private:
  enum class Place : u8 { unknown, shared, own };

  bool may_have_own() const {
    using platform::AttachType;
    using platform::ProgramType;
    if (analysis_.for_user_engine() || std::ranges::any_of(program_.code, is_tail_call))
      return false;
    switch (program_.type) {
      case ProgramType::kprobe:
      case ProgramType::tracepoint:
      case ProgramType::perf_event:
      case ProgramType::raw_tracepoint: return true;
      case ProgramType::tracing: return program_.attach_type != AttachType::trace_iter;
      default: return false;
    }
  }

  Place place_of(std::size_t function, u32 bytes) {
    Place& place = frames_[function];
    if (!has_own_) place = Place::shared;
    if (place == Place::unknown && bytes >= kOwnStackBytesMin) place = Place::own;
    return place;
  }

  bool is_later(std::size_t function) const {
    return std::ranges::any_of(analysis_.later, [&](const Later& later) {
      return later.function == function && later.by != LaterBy::order;
    });
  }

  // Functions do not recurse, and a callback that names itself was refused: the tree of calls ends.
  // Below as many bytes as before a function is what it was then.
  std::optional<Misshapen> walk(std::size_t function, u32 above) {
    if (highest_[function] > above) return {};
    highest_[function] = above + 1;
    const u32 used = std::max(analysis_.frames[function].bytes, 1u);
    const u32 bytes = (used + kFrameRounding - 1) / kFrameRounding * kFrameRounding;
    const bool is_own = place_of(function, bytes) == Place::own;
    const u32 depth = is_own ? above : above + bytes;
    const platform::Function& place = program_.functions[function];
    if (std::max(depth, bytes) > isa::kStackBytes) {
      return Misshapen{place.begin,
                       {Property::stack_depth,
                        format("the frames on the way to {} take {} bytes", place.name, depth),
                        "",
                        {}}};
    }
    for (InstructionIndex at = place.begin; at < place.end; at = at.next()) {
      const isa::Instruction& i = program_.code[at.value()];
      if (function != 0 && is_tail_call(i) && above >= kStackBeforeTailCall) {
        return Misshapen{
            at,
            {Property::stack_depth,
             format("a tail call in a function whose callers' frames take {} bytes", above),
             format("the kernel allows less than {}", kStackBeforeTailCall),
             {}}};
      }
      if (!isa::is_local_call(i) && !names_function(i)) continue;
      const std::size_t callee = number_of_function(program_, i.target);
      if (is_later(callee) && names_function(i)) continue;
      if (auto found = walk(callee, depth)) return found;
    }
    return {};
  }

  const Analysis& analysis_;
  const platform::Program& program_;
  std::vector<Place> frames_;  // by function
  std::vector<u32> highest_;   // by function: one more than the bytes above it so far; 0: not seen
  bool has_own_ = false;
};

}  // namespace

std::optional<Misshapen> check_stack_depth(const Analysis& analysis) {
  return StackDepth(analysis).check();
}

}  // namespace skep::verify
