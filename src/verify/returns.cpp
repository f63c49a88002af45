#include "verify/returns.hpp"

#include "platform/returns.hpp"
#include "verify/privileges.hpp"

namespace skep::verify {

Check check_returned(Analysis& analysis, const State& state, const Returned& returned) {
  const auto [r, who, does] = returned;
  if (auto refused = check_readable(state, r)) return refused;
  const Value& value = state.frame().registers[r];
  const auto is = [&] { return format("{} is {}", register_name(returned.r), describe(value)); };
  std::optional<platform::ReturnRange> range;
  if (!analysis.for_user_engine())
    range = platform::allowed_returns(analysis.program.type, analysis.attach());
  if (!value.is_number()) {
    // The kernel lets those who may trace return addresses; half a one is a number as any.
    const bool may = analysis.for_user_engine() ? value.kind == Kind::arena : !range;
    if (analysis.hides_addresses()) return leaked(format("{} {} an address", who, does), value, r);
    if (may) return {};
    return Refusal{Property::return_value, format("{} {} a pointer", who, does), is(), {}};
  }
  if (!range) return {};
  analysis.demand.registers |= bit(r);
  const Word<u64>& number = value.number.full;
  if (number.smin >= range->least && number.smax <= range->most) return {};
  return Refusal{Property::return_value,
                 format("{} {} what {} programs may not: it is to be {} to {}", who, does,
                        analysis.type().name, range->least, range->most),
                 is(),
                 "return one of these on every path; what a helper or a map gave is bounded first"};
}

}  // namespace skep::verify
