// Sections of a program: RCU read sections, and those in which it is not preempted.
//
// They begin and end by calls of the kernel's functions, and are left before the program is:
// at its end, by a tail call or an exception. Inside nothing may sleep. A pointer that was valid
// because of an RCU section is not trusted any more behind it; programs that may not sleep run in
// such a section anyway, and lose that trust too. The rules are those of
// check_kfunc_call and check_resource_leak in kernel/bpf/verifier.c of Linux 6.18.
#include "verify/sections.hpp"

#include "platform/kernel_calls.hpp"
#include "verify/locks.hpp"
#include "verify/stack_objects.hpp"

namespace skep::verify {
namespace {

constexpr std::string_view kRcuHint = "call bpf_rcu_read_unlock() on every path before that";
constexpr std::string_view kPreemptionHint = "call bpf_preempt_enable() on every path before that";
constexpr std::string_view kInterruptsHint =
    "call bpf_local_irq_restore() on every path before that";

Refusal unmatched(std::string_view function, std::string_view opposite) {
  return {
      Property::section, format("{} is called without a {} before it", function, opposite), "", {}};
}

// What an RCU section kept valid may be anything from now on.
void leave_rcu(State& state, isa::InstructionIndex at) {
  const auto is_of_section = [](const Value& value) {
    return value.is_pointer() && value.trust == Trust::rcu;
  };
  state.change_values(is_of_section, [&](Value& value) {
    if (value.kind == Kind::own || value.kind == Kind::own_per_cpu) {
      value = Value::of_number(Scalar::unknown());
      value.lost_at = at.value() + 1;
      return;
    }
    value.trust = Trust::untrusted;
    value.null = Null::no;
    value.id = 0;
  });
}

}  // namespace

bool is_in_rcu(const Analysis& analysis, const State& state) {
  return state.sections.rcu || !analysis.may_sleep() || held_lock(state) != nullptr;
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
  if (!state.sections.interrupts.empty()) {
    return Refusal{Property::section, format("{} where interrupts are disabled", what), "",
                   std::string(kInterruptsHint)};
  }
  return {};
}

Check check_may_sleep(const State& state, std::string_view name) {
  return check_no_section(state, format("{} may sleep, and is called", name));
}

Check check_interrupt_flags(Analysis& analysis, State& state, const KernelCall& call, u8 r) {
  const auto place = object_place(state.frame().registers[r], 1);
  const auto refuse = [&](std::string_view wanted) {
    return bad_kernel_argument(call, state, r, wanted);
  };
  if (!place) return refuse("8 bytes of the stack, aligned");
  std::vector<u32>& saved = state.sections.interrupts;
  const bool is_of_lock = call.row.name.starts_with("bpf_res_spin_");
  if (call.row.name.ends_with("_save") || call.row.name.ends_with("_irqsave")) {
    if (touches_object(state, *place, Kind::interrupt_flags))
      return refuse("where no flags are saved yet");
    Value flags = Value::pointer(Kind::interrupt_flags);
    flags.id = analysis.new_id();
    flags.type = is_of_lock ? 1 : 0;
    saved.push_back(flags.id);
    return put_object(analysis, state, *place, flags);
  }
  const Value* const flags = object_at(analysis, state, *place, Kind::interrupt_flags);
  if (flags == nullptr) return refuse("where flags were saved before");
  if ((flags->type != 0) != is_of_lock)
    return refuse(is_of_lock ? "flags that taking a lock saved" : "flags that no lock saved");
  if (saved.back() != flags->id) return refuse("the flags that were saved last");
  saved.pop_back();
  remove_object(analysis, state, *place);
  return {};
}

Check change_sections(State& state, std::string_view function, isa::InstructionIndex at) {
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
    leave_rcu(state, at);
  }
  if (function == "bpf_preempt_enable") {
    if (sections.preemption == 0) return unmatched(function, "bpf_preempt_disable");
    --sections.preemption;
  }
  return {};
}

}  // namespace skep::verify
