// Calls between functions: static ones are walked into, global ones are verified apart on their
// signature.
#include <algorithm>
#include <bit>

#include "platform/helpers.hpp"
#include "verify/dynptrs.hpp"
#include "verify/effects.hpp"
#include "verify/kernel_types.hpp"
#include "verify/locks.hpp"
#include "verify/privileges.hpp"
#include "verify/sections.hpp"
#include "verify/stack.hpp"

namespace skep::verify {
namespace {

using platform::ParameterKind;

Refusal bad_parameter(const platform::Function& callee, u8 r, const Value& value,
                      std::string_view wanted) {
  return {Property::function_argument,
          format("argument {} of {}() is to be {}", r, callee.name, wanted),
          format("{} is {}", register_name(r), describe(value)),
          {}};
}

// Atomic operations of the callee take its memory to be as aligned as its size allows. Linux leaves
// it to the processor whether it carries out others.
Check check_aligned_for(const Analysis& analysis, const Value& pointer, u8 r, u32 bytes,
                        const platform::Function& callee) {
  if (!analysis.for_user_engine()) return {};
  const u32 atomic = widest_atomic(analysis.program, callee);
  if (atomic == 0) return {};
  const u32 wanted = std::min(atomic, std::bit_floor(bytes));
  if (!pointer.is_packet() && is_aligned(pointer, 0, wanted)) return {};
  return Refusal{Property::atomic_access,
                 format("argument {} of {}() is memory that may not be aligned to {}", r,
                        callee.name, counted(wanted, "byte")),
                 format("{} is {}", register_name(r), describe(pointer)),
                 {}};
}

// Memory that the callee may read and write: all of it must be there, and its content is unknown
// afterwards.
Check give_memory(Analysis& analysis, State& state, u8 r, const platform::Parameter& parameter,
                  const platform::Function& callee) {
  const u32 bytes = parameter.size;
  Value pointer = state.registers()[r];
  // To the kernel null itself is memory of any size (check_mem_reg).
  const bool is_null = analysis.for_user_engine() && pointer.is_null();
  if (!parameter.may_be_null && (is_null || pointer.null == Null::maybe)) {
    return bad_parameter(callee, r, pointer, "memory, not null");
  }
  if (pointer.is_null()) {
    analysis.demand.registers |= bit(r);
    return {};
  }
  if (pointer.is_packet() && moves_packet(analysis, callee)) {
    return bad_parameter(callee, r, pointer, "memory outside of the packet, which it moves");
  }
  if (pointer.is_pointer()) pointer.null = Null::no;  // the callee compares it with null
  if (auto refused = check_aligned_for(analysis, pointer, r, bytes, callee)) return refused;
  State probe = state;
  probe.registers()[r] = pointer;
  if (pointer.kind == Kind::stack) {
    if (auto refused = check_stack(pointer, 0, bytes, r)) return refused;
    return hand_over_stack(analysis, state, pointer, bytes);
  }
  for (const Touch touch : {Touch::read, Touch::write}) {
    if (auto refused = check_memory(analysis, probe, r, {bytes, bytes}, touch)) return refused;
  }
  return {};
}

}  // namespace

namespace {

// What the callee gets as a structure of the kernel; checked before, where it is called.
Value kernel_parameter(Analysis& analysis, const platform::Parameter& parameter) {
  Value out = Value::pointer(Kind::kernel);
  out.type = structure_of_kernel(analysis, parameter.structure);
  out.trust = parameter.is_trusted ? Trust::reference : Trust::untrusted;
  if (!parameter.may_be_null || !parameter.is_trusted) return out;
  out.null = Null::maybe;
  out.id = analysis.new_id();
  return out;
}

Refusal no_parameter(const platform::Function& callee, u8 r, std::string reason) {
  return {Property::function_argument,
          format("argument {} of global function {}() is none that one can have", r, callee.name),
          std::move(reason), "make the function static"};
}

Check give_structure(const Analysis& analysis, const State& state, u8 r,
                     const platform::Parameter& parameter, const platform::Function& callee) {
  const Value& value = state.frame().registers[r];
  const btf::TypeId structure = structure_of_kernel(analysis, parameter.structure);
  if (structure == btf::kVoid)
    return no_parameter(callee, r,
                        format("the kernel's types have no structure {}", parameter.structure));
  if (!parameter.is_trusted || (value.is_null() && parameter.may_be_null)) return {};
  const bool fits = value.kind == Kind::kernel && value.trust != Trust::untrusted &&
                    (value.null == Null::no || parameter.may_be_null) &&
                    value.number.is_constant() && value.offset >= 0;
  if (fits && is_structure_of(analysis, value, structure, Match::embedded)) return {};
  return bad_parameter(callee, r, value,
                       format("a pointer to the kernel's struct {}", parameter.structure));
}

// One argument, against the promise that the callee was verified on.
Check give_argument(Analysis& analysis, State& state, u8 r, const platform::Parameter& parameter,
                    const platform::Function& callee) {
  const Value value = state.registers()[r];
  switch (parameter.kind) {
    case ParameterKind::number:
      if (value.is_number()) return {};
      return bad_parameter(callee, r, value, "a number");
    case ParameterKind::arena:
      if (value.is_number() || value.kind == Kind::arena) return {};
      return bad_parameter(callee, r, value, "a pointer into the arena");
    case ParameterKind::context:
      if (value.kind == Kind::context && value.is_at_start()) return {};
      return bad_parameter(callee, r, value, "the context");
    case ParameterKind::memory: return give_memory(analysis, state, r, parameter, callee);
    case ParameterKind::untrusted_memory: return {};  // reads that cannot fail
    case ParameterKind::dynptr: {
      Dynptr dynptr;
      return find_dynptr(analysis, state, r, dynptr);
    }
    case ParameterKind::kernel: return give_structure(analysis, state, r, parameter, callee);
    case ParameterKind::other:
      if (!parameter.problem.empty()) return no_parameter(callee, r, parameter.problem);
      return no_parameter(callee, r,
                          "its type is neither a number nor a pointer to what has a size");
  }
  return {};
}

// What the user engine has no such thing of.
bool is_kernels(ParameterKind kind) {
  return kind == ParameterKind::kernel || kind == ParameterKind::untrusted_memory ||
         kind == ParameterKind::dynptr;
}

}  // namespace

bool is_verified_apart(const platform::Function& function) {
  return function.linkage == platform::Linkage::global && function.signature.has_value();
}

State entry_state(Analysis& analysis, std::size_t function) {
  State state;
  state.frames.push_back({});
  state.frame().function = static_cast<u32>(function);
  auto& registers = state.registers();
  registers[isa::kFramePointer] = Value::pointer(Kind::stack);
  if (function == 0) {
    registers[isa::kR1] = Value::pointer(Kind::context);
    return state;
  }
  u8 r = isa::kR1;
  for (const platform::Parameter& parameter :
       analysis.program.functions[function].signature->parameters) {
    Value& value = registers[r++];
    switch (parameter.kind) {
      case ParameterKind::other:
      case ParameterKind::arena:
      case ParameterKind::number: value = Value::of_number(Scalar::unknown()); break;
      case ParameterKind::context: value = Value::pointer(Kind::context); break;
      case ParameterKind::dynptr:
        value = Value::pointer(Kind::dynptr);
        value.type = static_cast<u32>(DynptrKind::local);
        value.id = analysis.new_id();
        break;
      case ParameterKind::kernel: value = kernel_parameter(analysis, parameter); break;
      case ParameterKind::untrusted_memory: value = untrusted_memory(); break;
      case ParameterKind::memory:
        value = Value::pointer(Kind::memory);
        value.range = parameter.size;
        value.null = parameter.may_be_null ? Null::maybe : Null::no;
        value.id = analysis.new_id();
        break;
    }
  }
  return state;
}

Check do_global_call(Analysis& analysis, State& state, isa::InstructionIndex at,
                     const platform::Function& callee) {
  const platform::Signature& signature = *callee.signature;
  if (!signature.returns_number && !analysis.for_user_engine()) {
    return Refusal{
        Property::function_argument, format("global function {}() returns no number", callee.name),
        "Linux 6.18 verifies global functions that return a number", "return 0, or make it static"};
  }
  if (auto refused = check_not_locked(analysis, state, format("global function {}()", callee.name)))
    return refused;
  u8 r = isa::kR1;
  for (const platform::Parameter& parameter : signature.parameters) {
    if (auto refused = check_readable(state, r)) return refused;
    if (analysis.for_user_engine() && is_kernels(parameter.kind)) {
      return Refusal{Property::kernel_only,
                     format("argument {} of global function {}() is the kernel's", r, callee.name),
                     "",
                     {}};
    }
    if (auto refused = give_argument(analysis, state, r, parameter, callee)) return refused;
    ++r;
  }
  if (auto refused = check_may_throw(analysis, state, callee)) return refused;
  if (may_sleep(analysis.program, callee)) {
    if (auto refused = check_may_sleep(state, format("{}()", callee.name))) return refused;
  }
  if (moves_packet(analysis, callee)) forget_packet(analysis, state, at);
  clear_arguments(state, at);
  state.registers()[isa::kR0] =
      signature.returns_number ? Value::of_number(Scalar::unknown()) : Value::unset_value();
  return {};
}

void forget_packet(const Analysis& analysis, State& state, isa::InstructionIndex at) {
  const auto is_of_packet = [](const Value& value) {
    return value.is_packet() || value.kind == Kind::packet_end || is_packet_slice(value);
  };
  state.change_values(is_of_packet, [&](Value& value) { value = invalid_value(analysis, at); });
}

void clear_arguments(State& state, isa::InstructionIndex at) {
  for (u8 r = isa::kR1; r <= isa::kR5; ++r) {
    state.registers()[r] = Value::unset_value();
    state.registers()[r].lost_at = at.value() + 1;
  }
}

}  // namespace skep::verify
