#include "verify/step.hpp"

#include <algorithm>
#include <utility>

#include "verify/callbacks.hpp"
#include "verify/kernel_functions.hpp"
#include "verify/privileges.hpp"
#include "verify/returns.hpp"
#include "verify/sections.hpp"

namespace skep::verify {

using isa::Form;
using isa::Instruction;
using isa::InstructionIndex;

Check transfer(Analysis& analysis, State& state, InstructionIndex at) {
  const Instruction& i = analysis.program.code[at.value()];
  switch (i.form) {
    case Form::alu: return do_alu(analysis, state, at);
    case Form::constant: return do_constant(analysis, state, i);
    case Form::load:
    case Form::load_signed: return do_load(analysis, state, at);
    case Form::store: return do_store(analysis, state, at);
    case Form::atomic: return do_atomic(analysis, state, at);
    case Form::packet_load: return do_packet_load(analysis, state, at);
    case Form::call:
      if (const auto function = user_function_at(analysis.program, at))
        return do_arena_call(analysis, state, at, *function);
      if (i.call() == isa::Call::kfunc && !analysis.for_user_engine())
        return do_kernel_call(analysis, state, at);
      return do_helper_call(analysis, state, at);
    case Form::address_space_cast: return do_cast(analysis, state, at);
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

std::size_t number_of_function(const platform::Program& program, InstructionIndex begin) {
  const auto found = std::ranges::find(program.functions, begin, &platform::Function::begin);
  return static_cast<std::size_t>(found - program.functions.begin());
}

void enter_function(State& state, std::size_t number, InstructionIndex return_to) {
  Frame frame;
  frame.function = static_cast<u32>(number);
  frame.return_to = return_to;
  const auto& caller = std::as_const(state).registers();
  for (u8 r = isa::kR1; r <= isa::kR5; ++r) frame.registers[r] = caller[r];
  frame.registers[isa::kFramePointer] = Value::pointer(Kind::stack);
  frame.registers[isa::kFramePointer].frame = static_cast<u8>(state.frames.size());
  state.frames.push_back(frame);
}

Check leave_function(State& state) {
  const Value result = state.registers()[isa::kR0];
  if (result.kind == Kind::stack) {
    const bool is_own = result.frame + 1u == state.frames.size();
    return Refusal{Property::return_value,
                   is_own ? "a function returns a pointer into its own frame"
                          : "a function returns a pointer into the stack",
                   is_own ? "the frame is gone after the return"
                          : "the kernel does not look whose frame it points into",
                   {}};
  }
  const InstructionIndex return_to = state.frame().return_to;
  state.frames.pop_back();
  clear_arguments(state, return_to);
  state.registers()[isa::kR0] = result;
  return {};
}

Check check_end(Analysis& analysis, const State& state) {
  const platform::Program& program = analysis.program;
  const u32 number = state.frame().function;
  const platform::Function& function = program.functions[number];
  if (state.frame().entered == Entered::later) return check_later_end(analysis, state);
  if (!state.held.empty()) {
    return still_held(program, state, format("{} ends without giving back ", function.name), "");
  }
  if (state.sections.any()) return check_no_section(state, format("{} ends", function.name));
  // Operations of the kernel may return nothing, as functions do.
  const bool may_be_void = number != 0 || program.type == platform::ProgramType::struct_ops;
  if (function.signature && !function.signature->returns_number && may_be_void) return {};
  if (number == 0 || program.exception_callback == number)
    return check_returned(analysis, state, {isa::kR0, function.name, "returns"});
  if (auto refused = check_readable(state, isa::kR0)) return refused;
  if (auto refused = check_no_leak(analysis, state, isa::kR0, "a function returns an address"))
    return refused;
  const Value& result = state.frame().registers[isa::kR0];
  if (!result.is_number() && analysis.for_user_engine()) {
    return Refusal{Property::return_value,
                   format("{} returns a pointer", function.name),
                   format("r0 is {}", describe(result)),
                   {}};
  }
  return {};
}

LiveRegisters live_at(std::span<const Registers> live, const State& state, InstructionIndex at) {
  LiveRegisters out{};
  for (std::size_t frame = 0; frame + 1 < state.frames.size(); ++frame) {
    const Frame& callee = state.frames[frame + 1];
    const Registers caller = live[callee.return_to.value()];
    // A call writes r0 and clears r1 to r5; a helper's call is walked again.
    out[frame] = callee.entered == Entered::as_callback
                     ? caller
                     : caller & static_cast<Registers>(~0b111111);
  }
  out[state.frames.size() - 1] = live[at.value()];
  return out;
}

}  // namespace skep::verify
