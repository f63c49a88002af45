// Sections of a program: RCU read sections, and those in which it is not preempted.
//
// They begin and end by calls of the kernel's functions, and are left before the program is:
// at its end, by a tail call or an exception. Inside nothing may sleep. A pointer that was valid
// because of an RCU section is not trusted any more behind it; programs that may not sleep run in
// such a section anyway, and lose that trust too. The rules are those of
// check_kfunc_call and check_resource_leak in kernel/bpf/verifier.c of Linux 6.18.
#include "verify/sections.hpp"

#include "platform/kernel_calls.hpp"

namespace skep::verify {
namespace {

constexpr std::string_view kRcuHint = "call bpf_rcu_read_unlock() on every path before that";
constexpr std::string_view kPreemptionHint = "call bpf_preempt_enable() on every path before that";

Refusal unmatched(std::string_view function, std::string_view opposite) {
  return {
      Property::section, format("{} is called without a {} before it", function, opposite), "", {}};
}

// What an RCU section kept valid may be anything from now on.
void leave_rcu(State& state) {
  const auto is_of_section = [](const Value& value) {
    return value.is_pointer() && value.trust == Trust::rcu;
  };
  state.change_values(is_of_section, [](Value& value) {
    value.trust = Trust::untrusted;
    value.null = Null::no;
    value.id = 0;
  });
}

}  // namespace

bool is_in_rcu(const Analysis& analysis, const State& state) {
  return state.sections.rcu || !analysis.may_sleep();
}

Check check_no_section(const State& state, std::string_view what) {
  if (state.sections.rcu) {
    return Refusal{Property::section, format("{} inside of an RCU read section", what), "",
                   std::string(kRcuHint)};
  }
  if (state.sections.preemption != 0) {
    return Refusal{Property::section, format("{} where preemption is disabled", what), "",
                   std::string(kPreemptionHint)};
  }
  return {};
}

Check check_may_sleep(const State& state, std::string_view name) {
  return check_no_section(state, format("{} may sleep, and is called", name));
}

Check change_sections(State& state, std::string_view function) {
  Sections& sections = state.sections;
  if (function == "bpf_rcu_read_lock") {
    if (sections.rcu)
      return Refusal{Property::section, "an RCU read section begins inside of another one", "", ""};
    sections.rcu = true;
  }
  if (function == "bpf_preempt_disable") ++sections.preemption;
  if (function == "bpf_rcu_read_unlock") {
    if (!sections.rcu) return unmatched(function, "bpf_rcu_read_lock");
    sections.rcu = false;
    leave_rcu(state);
  }
  if (function == "bpf_preempt_enable") {
    if (sections.preemption == 0) return unmatched(function, "bpf_preempt_disable");
    --sections.preemption;
  }
  return {};
}

}  // namespace skep::verify
