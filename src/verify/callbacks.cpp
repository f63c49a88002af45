#include "verify/callbacks.hpp"

#include <algorithm>

#include "verify/kernel_functions.hpp"
#include "verify/kernel_types.hpp"

namespace skep::verify {
namespace {

// What a callback gets in its registers from r1 on.
enum class Given : u8 { nothing, number, map, map_key, map_value, first, argument, dynptr, area };

// The helpers that call a function, and how: the callback types in kernel/bpf/verifier.c
// (set_loop_callback_state and its like).
struct CallbackRow {
  std::string_view helper;
  std::array<Given, 4> given;
  u8 argument = 0;  // the helper's register that is handed on
  u8 count = 0;     // the helper's register that says how often at most; 0: none does
};
constexpr u64 kResultMax = 1;  // of all of them: ends the loop
constexpr CallbackRow kCallbacks[] = {
    {"loop", {Given::number, Given::argument}, 3, 1},
    {"find_vma", {Given::first, Given::area, Given::argument}, 4},
    {"user_ringbuf_drain", {Given::dynptr, Given::argument}, 3},
    {"for_each_map_elem", {Given::map, Given::map_key, Given::map_value, Given::argument}, 3},
};

// Helpers that keep a function, which is called when the program has long ended
// (set_timer_callback_state).
constexpr std::string_view kLater[] = {"timer_set_callback"};
// The kernel's functions that do.
constexpr std::string_view kKernelLater[] = {"bpf_wq_set_callback_impl", "bpf_rbtree_add_impl",
                                             "bpf_task_work_schedule_resume_impl",
                                             "bpf_task_work_schedule_signal_impl"};

const CallbackRow* row_of(const platform::HelperRow& helper) {
  const auto found = std::ranges::find(kCallbacks, helper.name, &CallbackRow::helper);
  return found == std::end(kCallbacks) ? nullptr : found;
}

Value given(Analysis& analysis, const State& state, const Call& call, const CallbackRow& row,
            Given what) {
  switch (what) {
    case Given::nothing: return Value::unset_value();
    case Given::number: return Value::of_number(Scalar::unknown());
    case Given::first: return state.frame().registers[isa::kR1];
    case Given::argument: return state.frame().registers[row.argument];
    case Given::dynptr: {
      Value out = Value::pointer(Kind::dynptr);
      out.type = static_cast<u32>(DynptrKind::local);
      out.id = analysis.new_id();
      return out;
    }
    case Given::area: {
      Value out = Value::pointer(Kind::kernel);
      out.type = structure_of_kernel(analysis, "vm_area_struct");
      return out.type != 0 ? out : Value::of_number(Scalar::unknown());
    }
    case Given::map:
    case Given::map_key:
    case Given::map_value: break;
  }
  Value out = Value::pointer(what == Given::map       ? Kind::map
                             : what == Given::map_key ? Kind::map_key
                                                      : Kind::map_value);
  out.map = call.map;
  if (what == Given::map_value) out.id = analysis.new_id();
  return out;
}

}  // namespace

bool calls_back(const platform::HelperRow& helper) { return row_of(helper) != nullptr; }

bool calls_later(const platform::HelperRow& helper) {
  return std::ranges::find(kLater, helper.name) != std::end(kLater);
}

bool keeps_function(const platform::Program& program, isa::InstructionIndex at) {
  const isa::Instruction& i = program.code[at.value()];
  if (i.form != isa::Form::call) return false;
  if (i.call() == isa::Call::helper) {
    const platform::HelperRow* helper = platform::find_helper(i.immediate);
    return helper != nullptr && calls_later(*helper);
  }
  const platform::Extern* function = kernel_function_at(program, at);
  return function != nullptr &&
         std::ranges::find(kKernelLater, function->essential_name()) != std::end(kKernelLater);
}

bool takes_function(const isa::Instruction& i) {
  if (i.form != isa::Form::call || i.call() != isa::Call::helper) return false;
  const platform::HelperRow* helper = platform::find_helper(i.immediate);
  return helper != nullptr && calls_back(*helper);
}

bool may_call_again(Analysis& analysis, const State& state, const Call& call) {
  const CallbackRow& row = *row_of(call.helper);
  if (row.count == 0) return true;
  analysis.demand.registers |= bit(row.count);
  const Value& count = state.frame().registers[row.count];
  return !count.is_number() || state.frame().rounds < count.number.full.umax;
}

std::optional<u64> calls_max(const platform::Program& program, const State& state,
                             isa::InstructionIndex at) {
  const CallbackRow& row = *row_of(*platform::find_helper(program.code[at.value()].immediate));
  const Value& count = state.frame().registers[row.count];
  if (row.count == 0 || !count.is_number()) return std::nullopt;
  return count.number.full.umax;
}

Frame callback_frame(Analysis& analysis, const State& state, const Call& call) {
  const CallbackRow& row = *row_of(call.helper);
  Frame frame;
  frame.function = static_cast<u32>(call.function);
  frame.return_to = call.at;
  frame.entered = Entered::as_callback;
  const Value& flags = state.frame().registers[isa::kR1 + 3];
  const CalledBack called{call.at, frame.function, !flags.is_null()};
  if (std::ranges::find(analysis.called_back, called) == analysis.called_back.end())
    analysis.called_back.push_back(called);
  for (std::size_t at = 0; at < row.given.size(); ++at) {
    frame.registers[at + 1] = given(analysis, state, call, row, row.given[at]);
  }
  frame.registers[isa::kFramePointer] = Value::pointer(Kind::stack);
  frame.registers[isa::kFramePointer].frame = static_cast<u8>(state.frames.size());
  return frame;
}

namespace {

// Two nodes that the tree owns, under its lock, which is not to be given back here.
void give_nodes(State& state, const Later& later) {
  for (const u8 r : {isa::kR1, static_cast<u8>(isa::kR1 + 1)}) {
    Value& value = state.registers()[r];
    value = Value::pointer(Kind::own);
    value.type = later.type;
    value.offset = later.offset;
    value.trust = Trust::none;
  }
  state.held.push_back({.id = 0, .what = What::lock, .map = kOwnLock});
}

void give_element(Analysis& analysis, State& state, const Later& later) {
  constexpr std::array kGiven = {Kind::map, Kind::map_key, Kind::map_value};
  for (std::size_t at = 0; at < kGiven.size(); ++at) {
    Value& value = state.registers()[at + 1];
    value = Value::pointer(kGiven[at]);
    value.map = later.map;
    if (analysis.has_lock(value)) value.id = analysis.new_id();
  }
}

}  // namespace

State later_state(Analysis& analysis, const Later& later) {
  State state;
  state.frames.push_back({});
  state.frame().function = later.function;
  state.frame().entered = Entered::later;
  if (later.by == LaterBy::order) {
    give_nodes(state, later);
  } else {
    give_element(analysis, state, later);
  }
  state.registers()[isa::kFramePointer] = Value::pointer(Kind::stack);
  return state;
}

Check check_later_end(Analysis& analysis, const State& state) {
  if (auto refused = check_readable(state, isa::kR0)) return refused;
  const Value& result = state.frame().registers[isa::kR0];
  const bool orders = analysis.walking->by == LaterBy::order;
  const std::string_view name = analysis.program.functions[state.frame().function].name;
  analysis.demand.registers |= bit(isa::kR0);
  if (!analysis.walking->returns_anything &&
      (!result.is_number() || result.number.full.umax > (orders ? 1u : 0u))) {
    return Refusal{Property::return_value,
                   orders ? format("{}, which orders nodes, is to return 0 or 1", name)
                          : format("{}, which is called later, is to return 0", name),
                   format("r0 is {}", describe(result)),
                   {}};
  }
  if (state.held.size() <= (orders ? 1u : 0u)) return {};
  return still_held(analysis.program, state, format("{} ends without giving back ", name), "");
}

Check check_callback_result(Analysis& analysis, const State& state) {
  if (auto refused = check_readable(state, isa::kR0)) return refused;
  const Value& result = state.frame().registers[isa::kR0];
  const platform::Function& function = analysis.program.functions[state.frame().function];
  const isa::Instruction& i = analysis.program.code[state.frame().return_to.value()];
  const CallbackRow& row = *row_of(*platform::find_helper(i.immediate));
  if (result.is_number() && result.number.full.umax <= kResultMax) {
    analysis.demand.registers |= bit(isa::kR0);
    return {};
  }
  return Refusal{Property::return_value,
                 format("{}, which bpf_{} calls, is to return 0 or 1", function.name, row.helper),
                 format("r0 is {}", describe(result)), "0 goes on, 1 ends the loop"};
}

}  // namespace skep::verify
