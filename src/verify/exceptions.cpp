// bpf_throw(): what must hold where it is called, and of the function that is called then.
//
// The rules are the kernel's (check_kfunc_call and process_bpf_exit_full in kernel/bpf/verifier.c).
// Those of the program's result ask nothing here: a program type of the user engine may return any
// number. One rule is stricter: the kernel lets a caller hold a ring record over the call of a
// global function that throws, and then loses the record.
#include <algorithm>

#include "platform/kernel_functions.hpp"
#include "verify/callbacks.hpp"
#include "verify/effects.hpp"
#include "verify/kernel_functions.hpp"
#include "verify/returns.hpp"
#include "verify/sections.hpp"

namespace skep::verify {
namespace {

Misshapen refused(isa::InstructionIndex at, std::string message, std::string reason) {
  return {at, {Property::exception, std::move(message), std::move(reason), {}}};
}

}  // namespace

// Of a weak function that nobody looked for, the loader has made a call of nothing.
std::optional<platform::UserFunction> user_function_at(const platform::Program& program,
                                                       isa::InstructionIndex at) {
  const isa::Instruction& i = program.code[at.value()];
  const bool calls_nothing = i.call() == isa::Call::helper && i.immediate == 0;
  if (i.form != isa::Form::call || (i.call() != isa::Call::kfunc && !calls_nothing))
    return std::nullopt;
  const auto use = std::ranges::lower_bound(program.uses, at, {}, &platform::ExternUse::at);
  if (use == program.uses.end() || use->at != at) return std::nullopt;
  const platform::Extern& external = (*program.externs)[use->number];
  if (external.state == platform::ExternState::absent) return std::nullopt;
  return platform::user_function(external.essential_name());
}

bool is_throw(const platform::Program& program, isa::InstructionIndex at) {
  return user_function_at(program, at) == platform::UserFunction::throw_exception;
}

Check do_throw(Analysis& analysis, const State& state, isa::InstructionIndex at) {
  if (auto refused = check_readable(state, isa::kR1)) return refused;
  const Value& cookie = state.frame().registers[isa::kR1];
  if (!cookie.is_number()) {
    return Refusal{Property::exception,
                   "the cookie of bpf_throw is to be a number",
                   format("r1 is {}", describe(cookie)),
                   {}};
  }
  if (!state.held.empty())
    return still_held(analysis.program, state, "bpf_throw while ", " is held");
  if (auto refused = check_no_section(state, "bpf_throw is called")) return refused;
  if (!analysis.for_user_engine()) {
    const platform::KernelFunctionRow* row = nullptr;
    if (auto refused = check_may_call(analysis, at, row)) return refused;
  }
  const platform::Program& program = analysis.program;
  if (!program.exception_callback) {  // the cookie is what the program returns
    if (auto refused = check_returned(analysis, state, {isa::kR1, "bpf_throw", "gives"}))
      return refused;
  }
  isa::Instruction& i = analysis.code[at.value()];
  i.operation = static_cast<u8>(isa::Call::kfunc);
  i.immediate = static_cast<s64>(platform::UserFunction::throw_exception);
  i.target = program.exception_callback ? program.functions[*program.exception_callback].begin
                                        : isa::InstructionIndex(0);
  return {};
}

Check check_may_throw(const Analysis& analysis, const State& state,
                      const platform::Function& callee) {
  if (state.held.empty() || !first_throw(analysis.program, callee)) return {};
  return still_held(analysis.program, state, format("{}() may throw while ", callee.name),
                    " is held");
}

std::optional<Misshapen> check_exception_callback(const platform::Program& program) {
  const platform::Function& callback = program.functions[*program.exception_callback];
  if (!is_verified_apart(callback)) {
    return refused(callback.begin, format("the exception callback {} is static", callback.name),
                   "it is to be a global function");
  }
  const auto& parameters = callback.signature->parameters;
  if (parameters.size() != 1 || parameters[0].kind != platform::ParameterKind::number) {
    return refused(
        callback.begin,
        format("the exception callback {} takes something else than one number", callback.name),
        "its argument is the cookie, a u64");
  }
  if (!callback.signature->returns_number) {
    return refused(callback.begin,
                   format("the exception callback {} returns no number", callback.name),
                   "what it returns is the result of the program");
  }
  if (const auto at = first_throw(program, callback)) {
    return refused(*at, format("the exception callback {} throws", callback.name), "");
  }
  for (isa::InstructionIndex at{}; at.value() < program.code.size(); at = at.next()) {
    const isa::Instruction& i = program.code[at.value()];
    if (i.form == isa::Form::call && i.call() == isa::Call::local && i.target == callback.begin) {
      return refused(at, format("the exception callback {} is called", callback.name),
                     "bpf_throw alone calls it");
    }
  }
  return {};
}

std::optional<Misshapen> check_no_throw_in_callbacks(const Analysis& analysis) {
  const platform::Program& program = analysis.program;
  for (const isa::Instruction& i : program.code) {
    if (!names_function(i)) continue;
    const platform::Function& callback = *program.function_at(i.target);
    const auto at = first_throw(program, callback);
    if (at) return refused(*at, format("{}, which is called back, throws", callback.name), "");
  }
  return {};
}

}  // namespace skep::verify
