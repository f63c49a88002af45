#include "verify/effects.hpp"

#include <algorithm>

#include "platform/helpers.hpp"
#include "verify/callbacks.hpp"
#include "verify/kernel_functions.hpp"

namespace skep::verify {
namespace {

using isa::InstructionIndex;

// The first instruction in `function`, or in what may run while it does, of which `is_it` holds.
template <typename Predicate>
std::optional<InstructionIndex> find_instruction(const platform::Program& program,
                                                 const platform::Function& function,
                                                 const Predicate& is_it) {
  std::vector<const platform::Function*> reached = {&function};
  for (std::size_t next = 0; next < reached.size(); ++next) {
    const platform::Function& each = *reached[next];
    for (InstructionIndex at = each.begin; at < each.end; at = at.next()) {
      if (is_it(at)) return at;
      const isa::Instruction& i = program.code[at.value()];
      const bool calls = i.form == isa::Form::call && i.call() == isa::Call::local;
      if (!calls && !names_function(i)) continue;
      const platform::Function* callee = program.function_at(i.target);
      const bool is_new = callee != nullptr && std::ranges::find(reached, callee) == reached.end();
      if (is_new) reached.push_back(callee);
    }
  }
  return std::nullopt;
}

const platform::HelperRow* helper_at(const platform::Program& program, InstructionIndex at) {
  const isa::Instruction& i = program.code[at.value()];
  const bool is_helper = i.form == isa::Form::call && i.call() == isa::Call::helper;
  return is_helper ? platform::find_helper(i.immediate) : nullptr;
}

bool is_kernel_function(const platform::Program& program, InstructionIndex at,
                        platform::KernelFlags flag) {
  const platform::KernelFunctionRow* const row = kernel_row_at(program, at);
  return row != nullptr && row->has(flag);
}

}  // namespace

bool moves_packet(const Analysis& analysis, const platform::HelperRow& helper) {
  using platform::Effect;
  return helper.effect == Effect::moves_packet ||
         (helper.effect == Effect::ends_program && !analysis.for_user_engine());
}

bool moves_packet(const Analysis& analysis, const platform::Function& function) {
  const platform::Program& program = analysis.program;
  const auto moves = [&](InstructionIndex at) {
    const platform::HelperRow* const helper = helper_at(program, at);
    return helper != nullptr ? moves_packet(analysis, *helper)
                             : is_kernel_function(program, at, platform::kMovesPacket);
  };
  return find_instruction(program, function, moves).has_value();
}

bool may_sleep(const platform::Program& program, const platform::Function& function) {
  const auto sleeps = [&](InstructionIndex at) {
    const platform::HelperRow* const helper = helper_at(program, at);
    return helper != nullptr ? helper->needs == platform::Needs::sleepable
                             : is_kernel_function(program, at, platform::kMaySleep);
  };
  return find_instruction(program, function, sleeps).has_value();
}

std::optional<InstructionIndex> first_throw(const platform::Program& program,
                                            const platform::Function& function) {
  return find_instruction(program, function,
                          [&](InstructionIndex at) { return is_throw(program, at); });
}

u32 widest_atomic(const platform::Program& program, const platform::Function& function) {
  u32 widest = 0;
  const auto note = [&](InstructionIndex at) {
    const isa::Instruction& i = program.code[at.value()];
    if (i.form == isa::Form::atomic) widest = std::max(widest, isa::bytes_of(i.width));
    return false;
  };
  find_instruction(program, function, note);
  return widest;
}

}  // namespace skep::verify
