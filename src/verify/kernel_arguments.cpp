// Whether the registers hold what a kernel function takes, argument by argument.
#include <algorithm>

#include "verify/dynptrs.hpp"
#include "verify/iterators.hpp"
#include "verify/locks.hpp"
#include "verify/own_objects.hpp"
#include "verify/sections.hpp"

namespace skep::verify {
namespace {

using btf::Types;
using platform::kGivesBack;
using platform::kRcuArguments;
using platform::kTrustedArguments;

constexpr u64 kMemoryMax = u64{1} << 29;  // BPF_MAX_VAR_SIZ

bool is_trusted(const Value& value) {
  return value.reference != 0 || (value.kind == Kind::kernel && value.trust == Trust::reference) ||
         !kernel_name_of(value.kind).empty();
}

Check check_number(Analysis& analysis, const State& state, KernelCall& call,
                   const KernelParameter& of) {
  const Value& value = state.frame().registers[of.r];
  if (!value.is_number()) return bad_kernel_argument(call, state, of.r, "a number");
  if (!ends_in(of.declared, "__k")) return {};
  if (!value.number.is_constant()) return bad_kernel_argument(call, state, of.r, "a constant");
  call.constant = value.number.value();
  analysis.demand.registers |= bit(of.r);
  return {};
}

Check check_context(const Analysis& analysis, const State& state, KernelCall& call, u8 r) {
  const Value& value = state.frame().registers[r];
  if (value.kind != Kind::context || !value.is_at_start())
    return bad_kernel_argument(call, state, r, "the context");
  if (call.row.name != "bpf_cast_to_kern_ctx") return {};
  call.returned = kernel_context(analysis);
  if (call.returned != btf::kVoid) return {};
  return Refusal{
      Property::kernel_function,
      format("the context of {} programs is no structure of the kernel", analysis.type().name),
      "",
      {}};
}

// A pointer that a function takes for valid.
Check check_trust(const State& state, const KernelCall& call, u8 r) {
  const Value& value = state.frame().registers[r];
  const bool wants = call.row.has(kTrustedArguments | kRcuArguments);
  if (!wants || is_trusted(value)) return {};
  const bool rcu = value.kind == Kind::kernel && value.trust == Trust::rcu;
  if (call.row.has(kRcuArguments) && rcu) return {};
  Refusal refusal = bad_kernel_argument(
      call, state, r,
      call.row.has(kRcuArguments) ? "trusted, or protected by RCU" : "trusted, or acquired");
  refusal.hint =
      "arguments of the program and what an acquiring function returns are trusted; what is read "
      "from them is not";
  return refusal;
}

Check check_structure(const Analysis& analysis, const State& state, const KernelCall& call,
                      const KernelParameter& of) {
  const Value& value = state.frame().registers[of.r];
  const Types& types = *analysis.kernel;
  const std::string wanted = format("a pointer to the kernel's {}", types.c_name(of.target));
  if (auto refused = check_trust(state, call, of.r)) return refused;
  const bool releases = call.row.has(kGivesBack) && value.reference != 0;
  if (!value.number.is_constant() || value.offset < 0 || (releases && !value.is_at_start()))
    return bad_kernel_argument(call, state, of.r, wanted + ", not moved");
  const bool is_usable = value.null == Null::no && value.trust != Trust::untrusted;
  if (!is_usable && value.trust != Trust::rcu)
    return bad_kernel_argument(call, state, of.r, wanted);
  const bool strict =
      call.row.has(platform::kAcquires) || releases || types.name(of.target).ends_with("___init");
  if (is_structure_of(analysis, value, of.target, strict ? Match::exact : Match::embedded))
    return {};
  return bad_kernel_argument(call, state, of.r, wanted);
}

Check check_memory_both(Analysis& analysis, State& state, u8 r, Extent extent) {
  State probe = state;  // what is null is seen by the function
  probe.registers()[r].null = Null::no;
  if (auto refused = check_memory(analysis, probe, r, extent, Touch::read)) return refused;
  return check_memory(analysis, probe, r, extent, Touch::write);
}

// Bytes that the function may write hold anything afterwards.
Check fill_memory(Analysis& analysis, State& state, u8 r, Extent extent) {
  if (auto refused = check_memory_both(analysis, state, r, extent)) return refused;
  if (state.registers()[r].kind != Kind::stack) return {};
  return check_memory(analysis, state, r, extent, Touch::write);
}

Check check_plain_memory(Analysis& analysis, State& state, const KernelParameter& of) {
  if (state.registers()[of.r].is_null()) return {};
  const auto bytes = analysis.kernel->size_of(of.target);
  const u64 size = bytes.ok() ? *bytes : 0;
  return fill_memory(analysis, state, of.r, {size, size});
}

Check check_sized_memory(Analysis& analysis, State& state, KernelCall& call,
                         const KernelParameter& of) {
  const auto r = static_cast<u8>(of.r + 1);
  const Value& size = state.frame().registers[r];
  const bool is_left_out = ends_in(of.declared, "__opt") || ends_in(of.declared, "__nullable");
  const bool is_null = state.frame().registers[of.r].is_null();
  const Word<u64>& bytes = size.number.full;
  if (!is_null || !is_left_out) {
    if (bytes.smin < 0 || bytes.umax >= kMemoryMax)
      return bad_kernel_argument(call, state, r, "a bounded number of bytes");
    analysis.demand.registers |= bit(r);
    if (bytes.umax != 0 || !is_null) {
      if (auto refused = fill_memory(analysis, state, of.r, {bytes.umin, bytes.umax}))
        return refused;
    }
  }
  const btf::Parameter declared = *(analysis.kernel->parameters(call.prototype).begin() + of.r);
  if (!ends_in(declared, "__szk")) return {};
  if (!size.number.is_constant()) return bad_kernel_argument(call, state, r, "a constant");
  call.constant = size.number.value();
  analysis.demand.registers |= bit(r);
  return {};
}

Check check_text(const Analysis& analysis, const State& state, const KernelCall& call, u8 r) {
  if (is_frozen_text(analysis, state.frame().registers[r])) return {};
  return bad_kernel_argument(call, state, r, "text in .rodata");
}

Check check_map(const State& state, const KernelCall& call, u8 r) {
  const Value& value = state.frame().registers[r];
  if (value.kind != Kind::map || value.null != Null::no)
    return bad_kernel_argument(call, state, r, "a map");
  const bool is_its =
      call.map < 0 || (call.map == value.map && call.map_reference == value.reference);
  if (is_its) return {};
  return bad_kernel_argument(call, state, r, "the map that the field is in");
}

Check check_kind(Analysis& analysis, State& state, KernelCall& call, const KernelParameter& of) {
  switch (of.kind) {
    case KernelArgument::ignored:
    case KernelArgument::null: return {};
    case KernelArgument::number: return check_number(analysis, state, call, of);
    case KernelArgument::context: return check_context(analysis, state, call, of.r);
    case KernelArgument::structure: return check_structure(analysis, state, call, of);
    case KernelArgument::memory: return check_plain_memory(analysis, state, of);
    case KernelArgument::sized_memory: return check_sized_memory(analysis, state, call, of);
    case KernelArgument::text: return check_text(analysis, state, call, of.r);
    case KernelArgument::map: return check_map(state, call, of.r);
    case KernelArgument::dynptr: return check_kernel_dynptr(analysis, state, call, of);
    case KernelArgument::iterator: return check_iterator(analysis, state, call, of);
    case KernelArgument::irq_flag: return check_interrupt_flags(analysis, state, call, of.r);
    case KernelArgument::allocated:
    case KernelArgument::counted:
    case KernelArgument::list_head:
    case KernelArgument::list_node:
    case KernelArgument::tree_root:
    case KernelArgument::tree_node:
    case KernelArgument::work_queue:
    case KernelArgument::task_work:
    case KernelArgument::function: return check_own_argument(analysis, state, call, of);
    case KernelArgument::spin_lock: return check_resilient_lock(analysis, state, call, of.r);
  }
  return {};
}

// What holds of every pointer: null, and which of them the call gives back.
Check check_pointer(const State& state, KernelCall& call, const KernelParameter& of) {
  const Value& value = state.frame().registers[of.r];
  const bool may_be_null = value.is_null() || (value.is_pointer() && value.null == Null::maybe);
  if (call.row.has(kTrustedArguments | kRcuArguments) && may_be_null &&
      !ends_in(of.declared, "__nullable")) {
    return Refusal{Property::null_check,
                   format("argument {} of {} may be null here", of.r, call.row.name),
                   format("{} is {}", register_name(of.r), describe(value)),
                   {}};
  }
  if (!value.is_pointer() || value.reference == 0) return {};
  call.reference = value.reference;
  if (call.row.has(kGivesBack)) call.given_back = value.reference;
  return {};
}

}  // namespace

Check check_kernel_arguments(Analysis& analysis, State& state, KernelCall& call) {
  const auto parameters = analysis.kernel->parameters(call.prototype);
  if (parameters.size() > isa::kR5) return kernel_argument_not_yet(call, isa::kR5);
  const u8 last = static_cast<u8>(parameters.size());
  for (u8 r = isa::kR1; r <= last; ++r) {
    KernelParameter of{.r = r, .declared = *(parameters.begin() + (r - 1))};
    if (auto refused = find_kernel_argument(analysis, state, call, of)) return refused;
    if (of.kind != KernelArgument::ignored && of.kind != KernelArgument::number) {
      if (auto refused = check_readable(state, r)) return refused;
      if (auto refused = check_pointer(state, call, of)) return refused;
    }
    if (auto refused = check_kind(analysis, state, call, of)) return refused;
    if (of.kind == KernelArgument::sized_memory) ++r;
  }
  if (!call.row.has(kGivesBack) || call.given_back != 0) return {};
  return Refusal{Property::held_reference,
                 format("{} gets nothing that the program holds", call.row.name), "",
                 "it takes what an acquiring function returned, once"};
}

}  // namespace skep::verify
