// Calls of helpers: each argument against the row of platform/helpers.hpp, then what the call
// changes.
#include <algorithm>
#include <cstring>

#include "platform/helpers.hpp"
#include "verify/analysis.hpp"

namespace skep::verify {
namespace {

using platform::Argument;
using platform::HelperRow;

// What the arguments of one call have shown so far.
struct Call {
  const HelperRow& helper;
  isa::InstructionIndex at;
  s32 map = -1;         // its map argument
  u32 record_size = 0;  // its record_size argument
  u32 given_back = 0;   // id of its record argument
};

Refusal bad_argument(const Call& call, u8 r, const State& state, std::string_view wanted) {
  return {Property::helper_argument,
          format("argument {} of bpf_{} is to be {}", r, call.helper.name, wanted),
          format("{} is {}", register_name(r), describe(state.frame().registers[r])),
          {}};
}

// The size argument in `r`, as how many bytes at least and at most.
Check size_extent(Analysis& analysis, const Call& call, const State& state, u8 r, Argument kind,
                  Extent& extent) {
  const Value& value = state.frame().registers[r];
  if (auto refused = check_readable(state, r)) return refused;
  if (!value.is_number()) return bad_argument(call, r, state, "a number of bytes");
  const Word<u64>& size = value.number.full;
  if (size.smin < 0 || size.umax > (1u << 29)) {
    Refusal refusal = bad_argument(call, r, state, "a bounded number of bytes");
    refusal.hint =
        "bound it on both sides first; signed comparisons leave negative numbers, which are huge "
        "as sizes";
    return refusal;
  }
  if (size.umin == 0 && kind == Argument::size)
    return bad_argument(call, r, state, "a number of bytes that is not zero");
  extent = {size.umin, size.umax};
  analysis.demand.registers |= bit(r);
  return {};
}

Check check_sized_memory(Analysis& analysis, State& state, const Call& call, u8 r) {
  const Argument kind = call.helper.arguments[r - 1u];
  Extent extent;
  if (auto refused = size_extent(analysis, call, state, static_cast<u8>(r + 1),
                                 call.helper.arguments[r], extent))
    return refused;
  if (kind == Argument::memory_or_null && extent.most == 0 && state.frame().registers[r].is_null())
    return {};
  const Value& pointer = state.frame().registers[r];
  if (pointer.is_packet() && call.helper.effect == platform::Effect::moves_packet) {
    return bad_argument(call, r, state, "memory outside of the packet, which the call may move");
  }
  const Touch touch = kind == Argument::writable_memory ? Touch::write : Touch::read;
  return check_memory(analysis, state, r, extent, touch);
}

Check check_map(const Analysis& analysis, const State& state, Call& call, u8 r) {
  const Value& value = state.frame().registers[r];
  if (value.kind != Kind::map) return bad_argument(call, r, state, "a map");
  const platform::MapSpec& map = analysis.map(value.map);
  if ((call.helper.maps & platform::set_of(map.kind)) == 0) {
    return Refusal{Property::helper_argument,
                   format("bpf_{} does not work on map {}, a {}", call.helper.name, map.name,
                          platform::row(map.kind).name),
                   "",
                   {}};
  }
  call.map = value.map;
  return {};
}

// Zero-terminated text in frozen memory, at a known place.
Check check_string(const Analysis& analysis, const State& state, const Call& call, u8 r) {
  const Value& value = state.frame().registers[r];
  const bool known =
      value.kind == Kind::map_value && value.null == Null::no && value.number.is_constant();
  if (known) {
    const platform::MapSpec& map = analysis.map(value.map);
    const bool frozen = map.is_globals && (map.flags & platform::kReadOnlyForProgram) != 0;
    const s64 first = value.offset + static_cast<s64>(value.number.value());
    const bool inside = first >= 0 && first < static_cast<s64>(map.initial.size());
    if (frozen && inside &&
        std::ranges::find(map.initial.begin() + first, map.initial.end(), std::byte{0}) !=
            map.initial.end()) {
      return {};
    }
  }
  return bad_argument(call, r, state, "text in .rodata");
}

Check check_record(const State& state, Call& call, u8 r) {
  const Value& value = state.frame().registers[r];
  const bool held =
      std::ranges::any_of(state.held, [&](const Held& h) { return h.id == value.id; });
  const bool whole = value.kind == Kind::record && value.null == Null::no && value.offset == 0 &&
                     Value::of_number(value.number).is_null();
  if (value.is_number() && value.lost_at != 0) {
    return Refusal{Property::held_record,
                   format("bpf_{} gets a record that was given back before", call.helper.name),
                   format("instruction {} gave it back", value.lost_at - 1),
                   {}};
  }
  if (value.kind == Kind::record && value.null == Null::maybe) {
    return Refusal{Property::null_check,
                   format("{} may be null here", register_name(r)),
                   format("{} is {}", register_name(r), describe(value)),
                   {}};
  }
  if (!whole || !held)
    return bad_argument(call, r, state, "the record that bpf_ringbuf_reserve returned");
  call.given_back = value.id;
  return {};
}

Check check_argument(Analysis& analysis, State& state, Call& call, u8 r) {
  const Value& value = state.frame().registers[r];
  if (auto refused = check_readable(state, r)) return refused;
  switch (call.helper.arguments[r - 1u]) {
    case Argument::none:
    case Argument::anything: return {};
    case Argument::number:
      if (!value.is_number()) return bad_argument(call, r, state, "a number");
      return {};
    case Argument::context:
      if (value.kind != Kind::context || value.offset != 0)
        return bad_argument(call, r, state, "the context");
      return {};
    case Argument::map: return check_map(analysis, state, call, r);
    case Argument::map_key: {
      const u64 bytes = analysis.map(call.map).key_size;
      return check_memory(analysis, state, r, {bytes, bytes}, Touch::read);
    }
    case Argument::map_value: {
      const u64 bytes = analysis.map(call.map).value_size;
      return check_memory(analysis, state, r, {bytes, bytes}, Touch::read);
    }
    case Argument::memory:
    case Argument::memory_or_null:
    case Argument::writable_memory: return check_sized_memory(analysis, state, call, r);
    case Argument::size:
    case Argument::size_or_zero: return {};  // with the memory before it
    case Argument::record_size:
      if (!value.is_number() || !value.number.is_constant() || value.number.value() > ~u32{0}) {
        return bad_argument(call, r, state, "a constant number of bytes");
      }
      call.record_size = static_cast<u32>(value.number.value());
      analysis.demand.registers |= bit(r);
      return {};
    case Argument::record: return check_record(state, call, r);
    case Argument::constant_string: return check_string(analysis, state, call, r);
  }
  return {};
}

Check check_helper(const Analysis& analysis, const isa::Instruction& i, const HelperRow*& helper) {
  if (i.call() != isa::Call::helper) {
    return Refusal{Property::unsupported,
                   i.call() == isa::Call::kfunc ? "a kernel function is called"
                                                : "a function is called through a register",
                   "", "kernel functions other than bpf_throw exist in the kernel engine only"};
  }
  helper = platform::find_helper(i.immediate);
  const std::string_view name = platform::helper_name(i.immediate);
  if (helper == nullptr) {
    if (name.empty())
      return Refusal{Property::unknown_helper,
                     format("helper {} does not exist", i.immediate),
                     "Linux has helpers 1 to 211",
                     {}};
    if (const std::string_view what = platform::helper_only_in_kernel(i.immediate); !what.empty())
      return Refusal{Property::kernel_only,
                     format("bpf_{} exists in the kernel only", name),
                     format("it {}", what),
                     {}};
    return Refusal{Property::unknown_helper,
                   format("bpf_{} is not provided by the user engine", name),
                   format("it is helper {} of Linux", i.immediate),
                   {}};
  }
  if ((helper->programs & platform::set_of(analysis.program.type)) == 0) {
    return Refusal{
        Property::helper_not_allowed,
        format("bpf_{} is not allowed in {} programs", helper->name, analysis.type().name),
        "",
        {}};
  }
  if (helper->gpl_only && !analysis.program.gpl_compatible) {
    return Refusal{Property::gpl_only,
                   format("bpf_{} is for GPL-compatible programs only", helper->name),
                   "",
                   {}};
  }
  return {};
}

void set_result(Analysis& analysis, State& state, const Call& call) {
  Value result = Value::of_number(Scalar::unknown());
  switch (call.helper.returns) {
    case platform::Returns::number: break;
    case platform::Returns::nothing: result = Value::unset_value(); break;
    case platform::Returns::map_value_or_null:
      result = Value::pointer(Kind::map_value);
      result.map = call.map;
      result.null = Null::maybe;
      result.id = analysis.new_id();
      break;
    case platform::Returns::record_or_null:
      result = Value::pointer(Kind::record);
      result.range = call.record_size;
      result.null = Null::maybe;
      result.id = analysis.new_id();
      state.held.push_back({result.id, call.at});
      break;
  }
  state.registers()[isa::kR0] = result;
}

void note_map(Analysis& analysis, const Call& call, bool first) {
  s32& known = analysis.facts[call.at.value()].map;
  known = first || known == call.map ? call.map : -1;
}

}  // namespace

void forget_record(State& state, u32 id, isa::InstructionIndex at) {
  const auto is_record = [&](const Value& value) {
    return value.kind == Kind::record && value.id == id;
  };
  state.change_values(is_record, [&](Value& value) {
    value = Value::of_number(Scalar::unknown());
    value.lost_at = at.value() + 1;
  });
  std::erase_if(state.held, [&](const Held& held) { return held.id == id; });
}

Check do_helper_call(Analysis& analysis, State& state, isa::InstructionIndex at) {
  const HelperRow* helper = nullptr;
  if (const platform::Unresolved* missing = analysis.program.unresolved_at(at)) {
    return Refusal{Property::core_relocation, missing->message, missing->reason, missing->hint};
  }
  if (auto refused = check_helper(analysis, analysis.program.code[at.value()], helper))
    return refused;
  Call call{*helper, at};
  for (u8 r = isa::kR1; r <= isa::kR5 && helper->arguments[r - 1u] != Argument::none; ++r) {
    if (auto refused = check_argument(analysis, state, call, r)) return refused;
  }
  if (helper->effect == platform::Effect::ends_program) {
    if (!state.held.empty()) {
      return Refusal{Property::held_record,
                     "a tail call while a ring record is held",
                     format("instruction {} reserved it", state.held.front().reserved_at.value()),
                     {}};
    }
    if (!state.in_main())
      return Refusal{Property::unsupported, "a tail call in a function",
                     "it would leave the function only",
                     "make the tail call in the program itself"};
  }
  // A helper that is given the context may do anything to the packet, a tail call included.
  analysis.may_change_packet |=
      std::ranges::find(helper->arguments, Argument::context) != helper->arguments.end();
  note_map(analysis, call, !analysis.facts[at.value()].called);
  analysis.facts[at.value()].called = true;
  if (helper->effect == platform::Effect::moves_packet) forget_packet(state, at);
  if (call.given_back != 0) forget_record(state, call.given_back, at);
  clear_arguments(state, at);
  set_result(analysis, state, call);
  return {};
}

}  // namespace skep::verify
