#include "verify/returns.hpp"

#include "platform/returns.hpp"
#include "verify/privileges.hpp"

namespace skep::verify {
namespace {

// By the kernel's rules, what may be returned: nothing where that is any value.
std::optional<platform::ReturnRange> range_of(const Analysis& analysis) {
  const bool is_hook = analysis.program.type == platform::ProgramType::lsm && analysis.prototype;
  return is_hook ? analysis.prototype->results
                 : platform::allowed_returns(analysis.program.type, analysis.attach());
}

// Security modules are asked for an int: their half of the register counts.
bool is_within(const Analysis& analysis, const Scalar& number, const platform::ReturnRange& range) {
  if (analysis.program.type == platform::ProgramType::lsm &&
      analysis.program.attach_type == platform::AttachType::lsm_mac)
    return number.half.smin >= range.least && number.half.smax <= range.most;
  return number.full.smin >= range.least && number.full.smax <= range.most;
}

std::string text_of(const platform::ReturnRange& range) {
  if (range.least == range.most) return format("{}", range.least);
  return format("{} to {}", range.least, range.most);
}

}  // namespace

Check check_returned(Analysis& analysis, const State& state, const Returned& returned) {
  const auto [r, who, does] = returned;
  const bool is_void_hook = analysis.program.attach_type == platform::AttachType::lsm_mac &&
                            analysis.prototype && !analysis.prototype->results;
  if (is_void_hook) return {};
  if (auto refused = check_readable(state, r)) return refused;
  const Value& value = state.frame().registers[r];
  const auto is = [&] { return format("{} is {}", register_name(returned.r), describe(value)); };
  std::optional<platform::ReturnRange> range;
  if (!analysis.for_user_engine()) range = range_of(analysis);
  if (!value.is_number()) {
    // The kernel lets those who may trace return addresses; half a one is a number as any.
    const bool may = analysis.for_user_engine() ? value.kind == Kind::arena : !range;
    if (analysis.hides_addresses()) return leaked(format("{} {} an address", who, does), value, r);
    if (may) return {};
    return Refusal{Property::return_value, format("{} {} a pointer", who, does), is(), {}};
  }
  if (!range) return {};
  analysis.demand.registers |= bit(r);
  if (is_within(analysis, value.number, *range)) return {};
  return Refusal{Property::return_value,
                 format("{} {} what {} programs may not: it is to be {}", who, does,
                        analysis.type().name, text_of(*range)),
                 is(),
                 "return one of these on every path; what a helper or a map gave is bounded first"};
}

}  // namespace skep::verify
