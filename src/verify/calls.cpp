// Calls of helpers: each argument against the row of platform/helpers.hpp, then what the call
// changes.
#include <algorithm>
#include <cstring>

#include "platform/target_helpers.hpp"
#include "platform/targets.hpp"
#include "verify/callbacks.hpp"
#include "verify/dynptrs.hpp"
#include "verify/early_exits.hpp"
#include "verify/effects.hpp"
#include "verify/fields.hpp"
#include "verify/formats.hpp"
#include "verify/kernel_functions.hpp"
#include "verify/locks.hpp"
#include "verify/privileges.hpp"
#include "verify/sections.hpp"

namespace skep::verify {
namespace {

constexpr s64 kReserveHelper = 131;

using platform::Argument;
using platform::HelperRow;

void note_map(Analysis& analysis, const Call& call, bool first) {
  s32& known = analysis.facts[call.at.value()].map;
  known = first || known == call.map ? call.map : -1;
}

// A tail call whose map is another one on another path is not masked (bpf_map_ptr_poisoned in
// kernel/bpf/verifier.c).
Check check_one_map(const Analysis& analysis, const Call& call) {
  const Fact& fact = analysis.facts[call.at.value()];
  if (analysis.masking.empty() || !fact.called || fact.map == call.map) return {};
  return Refusal{Property::speculation, "a tail call reaches another map on another path",
                 format("here it is {}", analysis.map(call.map).name),
                 "needs CAP_PERFMON; or make the tail call on each path"};
}

// What the program's target says of the helper, where it says something.
platform::TargetSays target_says(const Analysis& analysis, std::string_view helper) {
  const std::string_view target = analysis.program.target.name;
  if (analysis.program.attach_type == platform::AttachType::trace_iter)
    return platform::iterator_says(target, helper);
  if (helper == "d_path" && analysis.prototype) {
    const bool gives = analysis.program.type == platform::ProgramType::lsm
                           ? platform::lsm_hook(target).may_sleep
                           : platform::gives_paths(target);
    return gives ? platform::TargetSays::nothing : platform::TargetSays::withholds;
  }
  if (!analysis.prototype || analysis.prototype->operations.empty())
    return platform::TargetSays::nothing;
  const std::string_view operations = analysis.prototype->operations;
  const std::string_view name = analysis.prototype->name;  // "operations.member"
  return platform::operations_say(operations, name.substr(operations.size() + 1), helper);
}

}  // namespace

// The function is walked when all that is called now has been.
void keep_for_later(Analysis& analysis, const Later& later) {
  if (std::ranges::find(analysis.later, later) == analysis.later.end())
    analysis.later.push_back(later);
}

void forget_reference(const Analysis& analysis, State& state, u32 reference,
                      isa::InstructionIndex at) {
  const auto belongs = [&](const Value& value) { return value.reference == reference; };
  state.change_values(belongs, [&](Value& value) { value = invalid_value(analysis, at); });
  std::erase_if(state.held, [&](const Held& held) {
    return held.what == What::reference && held.id == reference;
  });
}

std::string what_is_held(const platform::Program& program, const Held& held) {
  const isa::Instruction& i = program.code[held.acquired_at.value()];
  if (held.what != What::reference && held.map < 0) return "the lock of an object";
  if (held.what != What::reference)
    return format("the lock of a value of map {}",
                  (*program.maps)[static_cast<u32>(held.map)].name);
  if (i.call() == isa::Call::helper && i.immediate == kReserveHelper) return "a ring record";
  if (const auto* external = kernel_function_at(program, held.acquired_at))
    return format("what {} returned", external->essential_name());
  return i.call() == isa::Call::helper
             ? format("what bpf_{} returned", platform::helper_name(i.immediate))
             : std::string("a reference");
}

Refusal still_held(const platform::Program& program, const State& state, std::string_view before,
                   std::string_view after) {
  const Held& held = state.held.front();
  const isa::Instruction& i = program.code[held.acquired_at.value()];
  return {Property::held_reference,
          format("{}{}{}", before, what_is_held(program, held), after),
          format("instruction {} acquired it", i.slot.value()),
          {}};
}

Check check_helper(const Analysis& analysis, isa::InstructionIndex at, const HelperRow*& helper) {
  if (const platform::Unresolved* missing = analysis.program.unresolved_at(at)) {
    return Refusal{Property::core_relocation, missing->message, missing->reason, missing->hint};
  }
  const isa::Instruction& i = analysis.program.code[at.value()];
  if (i.call() != isa::Call::helper) {
    return Refusal{
        Property::unsupported,
        i.call() == isa::Call::kfunc ? "a kernel function is called"
                                     : "a function is called through a register",
        "",
        "kernel functions other than bpf_throw and bpf_arena_* exist in the kernel engine only"};
  }
  helper = platform::find_helper(i.immediate, analysis.program.type);
  const std::string_view name = platform::helper_name(i.immediate);
  if (name.empty()) {
    return Refusal{Property::unknown_helper,
                   format("helper {} does not exist", i.immediate),
                   "Linux has helpers 1 to 211",
                   {}};
  }
  if (helper == nullptr || (analysis.for_user_engine() && !platform::is_provided(*helper))) {
    if (const std::string_view what = platform::helper_only_in_kernel(i.immediate); !what.empty())
      return Refusal{Property::kernel_only,
                     format("bpf_{} exists in the kernel only", name),
                     format("it {}", what),
                     {}};
    return Refusal{Property::unknown_helper,
                   format("bpf_{} is not provided by the user engine", name),
                   format("it is helper {} of Linux", i.immediate),
                   {}};
  }
  const platform::TargetSays says = target_says(analysis, helper->name);
  // Those that are given take sockets of the kernel, as struct_ops programs have.
  if (says == platform::TargetSays::gives)
    helper = platform::find_helper(i.immediate, platform::ProgramType::struct_ops);
  const bool may_call = says == platform::TargetSays::nothing
                            ? platform::may_call(*helper, analysis.program.type, analysis.attach())
                            : says == platform::TargetSays::gives;
  if (!may_call) {
    return Refusal{
        Property::helper_not_allowed,
        format("bpf_{} is not allowed in {} programs", helper->name, analysis.type().name),
        "",
        {}};
  }
  const platform::Privilege needed = platform::privilege_of(*helper, analysis.program.type);
  if (!platform::has(analysis.capabilities, needed)) {
    if (auto refused = check_privilege(analysis, needed, format("bpf_{}", helper->name)))
      return refused;
  }
  if (helper->needs == platform::Needs::sleepable && !analysis.may_sleep()) {
    return Refusal{Property::helper_not_allowed,
                   format("bpf_{} may sleep, and the program may not", helper->name),
                   "",
                   {}};
  }
  if (helper->gpl_only && !analysis.program.gpl_compatible) {
    return Refusal{Property::gpl_only,
                   format("bpf_{} is for GPL-compatible programs only", helper->name),
                   "",
                   {}};
  }
  return {};
}

Check check_call(Analysis& analysis, State& state, Call& call) {
  const HelperRow& helper = call.helper;
  if (!state.held.empty() && helper.name != "spin_unlock") {
    const std::string name = format("bpf_{}", helper.name);
    if (auto refused = check_not_locked(analysis, state, name)) return refused;
  }
  for (u8 r = isa::kR1; r <= isa::kR5 && helper.arguments[r - 1u] != Argument::none; ++r) {
    if (auto refused = check_argument(analysis, state, call, r)) return refused;
  }
  if (helper.name == "snprintf" && !analysis.for_user_engine()) {
    if (auto refused = check_format(analysis, state, call)) return refused;
  }
  if (helper.needs == platform::Needs::sleepable) {
    if (auto refused = check_may_sleep(state, format("bpf_{}", helper.name))) return refused;
  }
  if (helper.effect != platform::Effect::ends_program) return {};
  if (auto refused = check_may_leave(analysis, state, "a tail call")) return refused;
  if (auto refused = check_one_map(analysis, call)) return refused;
  if (auto refused = check_no_section(state, "a tail call")) return refused;
  if (!state.held.empty())
    return still_held(analysis.program, state, "a tail call while ", " is held");
  if (!state.in_main() && analysis.for_user_engine()) {
    return Refusal{Property::unsupported, "a tail call in a function",
                   "it would leave the function only", "make the tail call in the program itself"};
  }
  return {};
}

void finish_call(Analysis& analysis, State& state, const Call& call) {
  const HelperRow& helper = call.helper;
  // A helper that is given the context may do anything to the packet, a tail call included.
  analysis.may_change_packet |=
      std::ranges::find(helper.arguments, Argument::context) != helper.arguments.end();
  note_map(analysis, call, !analysis.facts[call.at.value()].called);
  analysis.facts[call.at.value()].called = true;
  if (moves_packet(analysis, helper)) forget_packet(analysis, state, call.at);
  if (call.dynptr_given_back != 0)
    release_dynptrs(analysis, state, call.dynptr_given_back, call.at);
  // What is written through an skb's dynptr may move the packet.
  const bool is_packet = call.dynptr && call.dynptr->kind == DynptrKind::packet;
  if (is_packet && helper.name == "dynptr_write") forget_packet(analysis, state, call.at);
  if (calls_later(helper))
    keep_for_later(analysis, {.function = static_cast<u32>(call.function), .map = call.map});
  if (call.given_back != 0) forget_reference(analysis, state, call.given_back, call.at);
  clear_arguments(state, call.at);
  set_result(analysis, state, call);
}

Check do_helper_call(Analysis& analysis, State& state, isa::InstructionIndex at) {
  const HelperRow* helper = nullptr;
  if (auto refused = check_helper(analysis, at, helper)) return refused;
  Call call{*helper, at};
  if (auto refused = check_call(analysis, state, call)) return refused;
  finish_call(analysis, state, call);
  return {};
}

}  // namespace skep::verify
