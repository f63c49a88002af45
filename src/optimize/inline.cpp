#include "optimize/inline.hpp"

#include <array>
#include <optional>

#include "isa/control_flow.hpp"
#include "jit/dataflow.hpp"
#include "object/image.hpp"
#include "optimize/layout.hpp"
#include "optimize/lowered.hpp"

namespace skep::optimize {
namespace {

using isa::Form;
using isa::Instruction;
using jit::Register;
using jit::Registers;
using jit::set_of;

constexpr u32 kCalleeMax = 64;    // slots
constexpr u32 kCallerMax = 4096;  // that a caller may grow to
constexpr u32 kRoundsMax = isa::kFramesMax;
constexpr Registers kSaved = 0x3c0;  // r6 to r9
constexpr Registers kClobbered = jit::kArguments | set_of(isa::kR0);

bool is_call_of_function(const Step& step) {
  return step.callee != kNoFunction && step.instruction.form == Form::call;
}

Registers registers_of(const Instruction& i) {
  switch (i.form) {
    case Form::alu:
    case Form::jump:
    case Form::store:
      return set_of(i.dst) | (i.has_register_source() ? set_of(i.src) : Registers{0});
    case Form::load:
    case Form::load_signed:
    case Form::atomic: return set_of(i.dst) | set_of(i.src);
    case Form::constant: return set_of(i.dst);
    default: return 0;
  }
}

// What may stand in the middle of another function.
bool is_plain(const Step& step) {
  switch (step.instruction.form) {
    case Form::alu:
    case Form::load:
    case Form::load_signed:
    case Form::store:
    case Form::atomic:
    case Form::jump:
    case Form::jump_always:
    case Form::exit: return true;
    case Form::constant: return step.callee == kNoFunction;
    default: return false;
  }
}

Registers registers_of(const Body& body) {
  Registers out = set_of(isa::kR0);
  for (const Step& each : body.steps) out |= registers_of(each.instruction);
  return out;
}

class Inliner {
 public:
  Inliner(const object::Object& object, const Knowledge& knowledge, std::vector<Body>& bodies)
      : image_(object.image()), knowledge_(knowledge), bodies_(bodies), counts_(bodies.size()) {}

  std::vector<u32> run() {
    bool changed = true;
    for (u32 round = 0; round < kRoundsMax && changed; ++round) {
      changed = false;
      std::vector<bool> inlinable;
      for (const Body& each : bodies_) inlinable.push_back(is_inlinable(each));
      const std::vector<Body> before = bodies_;
      for (Body& each : bodies_) changed |= into(each, before, inlinable);
    }
    return std::move(counts_);
  }

 private:
  bool is_inlinable(const Body& body) const {
    const object::FunctionSymbol& symbol = image_.functions.all()[body.function];
    if (symbol.linkage != platform::Linkage::local || symbol.binding == object::Binding::weak)
      return false;
    if (image_.functions.is_program(body.function, image_.elf)) return false;
    if (slots_of(body.steps) > kCalleeMax) return false;
    if ((registers_of(body) & set_of(isa::kFramePointer)) != 0) return false;
    return std::ranges::all_of(body.steps, is_plain);
  }

  bool into(Body& caller, const std::vector<Body>& callees, const std::vector<bool>& inlinable) {
    const auto is_wanted = [&](const Step& step) {
      return is_call_of_function(step) && inlinable[step.callee] && step.callee != caller.function;
    };
    if (std::ranges::none_of(caller.steps, is_wanted)) return false;
    const std::vector<Registers> live = live_after(caller);
    if (live.empty()) return false;
    bool changed = false;
    u32 size = slots_of(caller.steps);
    std::vector<std::optional<Body>> bodies(caller.steps.size());
    for (u32 at = 0; at < caller.steps.size(); ++at) {
      if (!is_wanted(caller.steps[at])) continue;
      const Body& callee = callees[caller.steps[at].callee];
      if (size + slots_of(callee.steps) > kCallerMax) continue;
      bodies[at] = renamed(callee, live[at]);
      if (!bodies[at]) continue;
      size += slots_of(callee.steps);
      ++counts_[caller.function];
      changed = true;
    }
    if (changed) put_in(caller, bodies);
    return changed;
  }

  // By step; what is not the last of its operation has none.
  std::vector<Registers> live_after(const Body& body) const {
    auto lowered = lower(body, knowledge_);
    if (!lowered) return {};
    jit::simplify(lowered->unit);
    std::vector<Registers> out(body.steps.size());
    for (const jit::Operation& each : lowered->unit.operations) out[each.from] = each.live_after;
    return out;
  }

  // The callee with registers that the caller can spare at the call; nothing when there are too
  // few.
  static std::optional<Body> renamed(const Body& callee, Registers live) {
    const Registers used = registers_of(callee);
    Registers spare = (kClobbered | (kSaved & ~live)) & ~used;
    // What it uses itself and nobody else needs may stay where it is.
    std::array<Register, isa::kRegisters> names{};
    for (Register r = 0; r < isa::kRegisters; ++r) {
      names[r] = r;
      if ((kSaved & used & set_of(r)) == 0 || (live & set_of(r)) == 0) continue;
      Register found = 0;
      while (found < isa::kRegisters && (spare & set_of(found)) == 0) ++found;
      if (found == isa::kRegisters) return std::nullopt;
      spare &= ~set_of(found);
      names[r] = found;
    }
    Body out = callee;
    for (Step& each : out.steps) {
      if (registers_of(each.instruction) == 0) continue;
      each.instruction.dst = names[each.instruction.dst];
      each.instruction.src = names[each.instruction.src];
    }
    return out;
  }

  static void put_in(Body& caller, const std::vector<std::optional<Body>>& bodies) {
    std::vector<u32> moved;  // by step of the caller
    u32 next = 0;
    for (u32 at = 0; at < caller.steps.size(); ++at) {
      moved.push_back(next);
      next += bodies[at] ? static_cast<u32>(bodies[at]->steps.size()) : 1;
    }
    std::vector<Step> out;
    for (u32 at = 0; at < caller.steps.size(); ++at) {
      const auto begin = static_cast<u32>(out.size());
      if (bodies[at]) {
        append(*bodies[at], out);
        continue;
      }
      out.push_back(caller.steps[at]);
      Instruction& i = out[begin].instruction;
      if (isa::has_jump_target(i)) i.target = isa::InstructionIndex(moved[i.target.value()]);
    }
    caller.steps = std::move(out);
  }

  // An exit goes to what stands behind the call.
  static void append(const Body& callee, std::vector<Step>& out) {
    const auto begin = static_cast<u32>(out.size());
    const auto end = begin + static_cast<u32>(callee.steps.size());
    for (Step step : callee.steps) {
      Instruction& i = step.instruction;
      if (isa::has_jump_target(i)) i.target = isa::InstructionIndex(begin + i.target.value());
      if (i.form == Form::exit) {
        i = {.form = Form::jump_always, .target = isa::InstructionIndex(end)};
        step.is_original = false;
      }
      out.push_back(step);
    }
  }

  const object::Image& image_;
  const Knowledge& knowledge_;
  std::vector<Body>& bodies_;
  std::vector<u32> counts_;
};

}  // namespace

std::vector<u32> inline_calls(const object::Object& object, const Knowledge& knowledge,
                              std::vector<Body>& bodies) {
  return Inliner(object, knowledge, bodies).run();
}

}  // namespace skep::optimize
