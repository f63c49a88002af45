// Loads, stores and atomics: which memory they reach, whether they may, and what they leave behind.
#include <algorithm>
#include <cstring>

#include "isa/tables.hpp"
#include "verify/early_exits.hpp"
#include "verify/kernel_types.hpp"
#include "verify/own_objects.hpp"
#include "verify/privileges.hpp"
#include "verify/sections.hpp"
#include "verify/stack.hpp"

namespace skep::verify {
namespace {

using isa::Instruction;
using isa::Width;

std::string_view verb(Touch touch) { return touch == Touch::read ? "reads" : "writes"; }

// "bytes 14 to 15", of an object, for the place that was furthest.
std::string bytes_text(s64 first, u64 bytes) {
  if (bytes == 1) return format("byte {}", first);
  return format("bytes {} to {}", first, first + static_cast<s64>(bytes) - 1);
}

std::string because(const Value& pointer, u8 r) {
  return format("{} is {}", register_name(r), describe(pointer));
}

bool is_inside(const Value& pointer, const Access& access, u64 size) {
  const s64 fixed = pointer.offset + access.offset;
  return fixed + pointer.number.full.smin >= 0 &&
         fixed + pointer.number.full.smax + static_cast<s64>(access.bytes) <=
             static_cast<s64>(size);
}

// The variable part must lie in an object of `size` bytes whose proof covers all of them.
Check check_object(const Value& pointer, const Access& access, u64 size, Property property,
                   std::string_view what) {
  if (is_inside(pointer, access, size)) return {};
  const s64 fixed = pointer.offset + access.offset;
  const s64 first = fixed + pointer.number.full.smin;
  const s64 last = fixed + pointer.number.full.smax;
  if (first < 0) {
    return Refusal{
        property,
        format("{} {} in front of {}", verb(access.touch), bytes_text(first, access.bytes), what),
        because(pointer, access.r),
        {}};
  }
  constexpr s64 kFar = s64{1} << 60;  // no more is known of such places (arithmetic.cpp)
  if (last >= kFar)
    return Refusal{property, format("{} {} at a place without bounds", verb(access.touch), what),
                   because(pointer, access.r), ""};
  return Refusal{property,
                 format("{} {} of {}, which has {}", verb(access.touch),
                        bytes_text(last, access.bytes), what, counted(size, "byte")),
                 because(pointer, access.r),
                 {}};
}

// A proof about packet pointers holds for a base and its variable part together, so only the fixed
// part counts.
Check check_packet(const Analysis& analysis, const Value& pointer, const Access& access) {
  if (access.touch == Touch::write && !analysis.type().may_write_packet) {
    return Refusal{Property::read_only, "writes to the packet",
                   format("{} programs may only read it", analysis.type().name),
                   "use another program type"};
  }
  const s64 first = pointer.offset + access.offset;
  const std::string_view what =
      pointer.kind == Kind::packet ? "the packet" : "the packet's metadata";
  if (first < 0 || pointer.number.full.smin < 0) {
    return Refusal{Property::packet_bounds, format("{} in front of {}", verb(access.touch), what),
                   because(pointer, access.r), "bound the offset from below: make it unsigned"};
  }
  if (first + access.bytes > pointer.range) {
    const std::string proved =
        pointer.range == 0
            ? "no byte was compared with data_end"
            : format("only {} proved to be there",
                     pointer.range == 1 ? "1 byte is" : format("{} bytes are", pointer.range));
    const std::string place =
        pointer.number.is_constant() ? "" : format(" behind offset ({})", describe(pointer.number));
    return Refusal{Property::packet_bounds,
                   format("{} {}{} of {}, of which {}", verb(access.touch),
                          bytes_text(first, access.bytes), place, what, proved),
                   because(pointer, access.r),
                   {}};
  }
  return {};
}

Check check_map_value(const Analysis& analysis, const Value& pointer, const Access& access) {
  const platform::MapSpec& map = analysis.map(pointer.map);
  if (access.touch == Touch::read && (map.flags & platform::kWriteOnlyForProgram) != 0) {
    return Refusal{Property::read_only, format("reads from {}, which is write-only", map.name),
                   because(pointer, access.r),
                   "BPF_F_WRONLY_PROG lets programs write to a map, and nothing else"};
  }
  if (access.touch == Touch::write && (map.flags & platform::kReadOnlyForProgram) != 0) {
    return Refusal{Property::read_only,
                   format("writes to {}, which is read-only", map.name),
                   because(pointer, access.r),
                   {}};
  }
  if (is_inside(pointer, access, map.value_size)) return check_fields(analysis, pointer, access);
  const std::string what =
      map.is_globals ? format("section {}", map.name) : format("a value of map {}", map.name);
  return check_object(pointer, access, map.value_size, Property::map_value_bounds, what);
}

// Everything but the context, whose fields are looked up, and the stack's contents.
Check check_region(Analysis& analysis, const State& state, const Value& pointer,
                   const Access& access) {
  const std::string_view name = register_name(access.r);
  if (auto refused = check_readable(state, access.r)) return refused;
  if (pointer.is_pointer() && pointer.null == Null::maybe) {
    return Refusal{
        Property::null_check, format("{} may be null here", name), because(pointer, access.r), {}};
  }
  switch (pointer.kind) {
    case Kind::stack: return check_stack(pointer, access.offset, access.bytes, access.r);
    case Kind::packet:
    case Kind::packet_meta: return check_packet(analysis, pointer, access);
    case Kind::map_value: return check_map_value(analysis, pointer, access);
    case Kind::record:
      return check_object(pointer, access, pointer.range, Property::record_bounds,
                          "the ring record");
    case Kind::memory:
      if (access.touch == Touch::write && pointer.read_only) {
        return Refusal{Property::read_only, "writes to memory that is only read",
                       because(pointer, access.r), ""};
      }
      if (pointer.trust == Trust::untrusted) return {};  // reads that cannot fail
      return check_object(pointer, access, pointer.range, Property::memory_bounds, "memory");
    case Kind::map:
      if (analysis.for_user_engine()) break;
      [[fallthrough]];
    case Kind::kernel: {
      Value ignored;
      return load_kernel(analysis, state, {pointer, access}, ignored);
    }
    case Kind::map_key:
      if (access.touch == Touch::write) {
        return Refusal{Property::read_only, "writes to a key of a map", because(pointer, access.r),
                       "change the element by its value"};
      }
      return check_object(pointer, access, analysis.map(pointer.map).key_size,
                          Property::memory_bounds, "the key");
    case Kind::own: return check_own_access(analysis, pointer, access);
    case Kind::arena: return {};
    case Kind::number: {
      const std::string reason =
          pointer.lost_at == 0
              ? because(pointer, access.r)
              : format("instruction {} made it invalid: it was a pointer until then",
                       pointer.lost_at - 1);
      return Refusal{
          Property::not_a_pointer,
          format("{} memory through {}, which is not a pointer", verb(access.touch), name), reason,
          pointer.lost_at == 0 ? ""
                               : "take the pointer again after that call, and compare it again"};
    }
    default: break;
  }
  return Refusal{Property::not_a_pointer,
                 format("{} through {}, which cannot be accessed", verb(access.touch), name),
                 because(pointer, access.r),
                 {}};
}

// ---- facts
// -----------------------------------------------------------------------------------------------------------

Region region_of(Kind kind) {
  switch (kind) {
    case Kind::context: return Region::context;
    case Kind::stack: return Region::stack;
    case Kind::packet:
    case Kind::packet_meta: return Region::packet;
    case Kind::map_value: return Region::map_value;
    case Kind::record: return Region::record;
    case Kind::memory: return Region::memory;
    case Kind::arena: return Region::arena;
    default: return Region::none;
  }
}

// Records which region an instruction reaches. The context is laid out differently at run time, and
// a pointer into the arena is half an address, so an instruction that reaches one of them must
// reach nothing else.
Check note_region(Analysis& analysis, isa::InstructionIndex at, Kind kind) {
  Region& known = analysis.facts[at.value()].region;
  const Region now = region_of(kind);
  if (known == Region::none || known == now) {
    known = now;
    return {};
  }
  for (const auto& [region, what] :
       {std::pair{Region::context, "the context"}, std::pair{Region::arena, "the arena"}}) {
    if (known != region && now != region) continue;
    return Refusal{
        Property::mixed_access,
        format("the same instruction reaches {} on one path and other memory on another", what),
        "",
        {}};
  }
  known = Region::several;
  return {};
}

// ---- contents
// ----------------------------------------------------------------------------------------------------------

// Constants in .rodata are known: it is frozen before the program runs.
std::optional<u64> frozen_value(const Analysis& analysis, const Value& pointer, s64 offset,
                                u32 bytes) {
  const platform::MapSpec& map = analysis.map(pointer.map);
  const bool frozen = map.is_globals && (map.flags & platform::kReadOnlyForProgram) != 0;
  if (!frozen || !pointer.number.is_constant()) return std::nullopt;
  const u64 first = static_cast<u64>(pointer.offset + offset) + pointer.number.value();
  if (first + bytes > map.initial.size()) return std::nullopt;
  u64 value = 0;
  std::memcpy(&value, map.initial.data() + first, bytes);
  return value;
}

Scalar loaded(const Instruction& i) {
  return i.form == isa::Form::load_signed ? Scalar::sign_extended(i.width)
                                          : Scalar::zero_extended(i.width);
}

Value load_map_value(const Analysis& analysis, const Value& pointer, const Instruction& i) {
  const auto constant = frozen_value(analysis, pointer, i.offset, isa::bytes_of(i.width));
  if (!constant) return Value::of_number(loaded(i));
  if (i.form == isa::Form::load) return Value::of_number(Scalar::constant(*constant));
  const isa::Alu extension = i.width == Width::w8    ? isa::Alu::movsx8
                             : i.width == Width::w16 ? isa::Alu::movsx16
                                                     : isa::Alu::movsx32;
  return Value::of_number(
      apply(extension, Width::w64, Scalar::unknown(), Scalar::constant(*constant)));
}

}  // namespace

Check do_load(Analysis& analysis, State& state, isa::InstructionIndex at) {
  const Instruction& i = analysis.program.code[at.value()];
  if (i.dst == isa::kFramePointer)
    return Refusal{
        Property::frame_pointer, "r10 is written", "it holds the end of the stack frame", {}};
  const Value pointer = state.registers()[i.src];
  Value out = Value::of_number(loaded(i));
  if (pointer.kind == Kind::context) {
    if (auto refused = load_context(analysis, pointer, at, out)) return refused;
  } else if (is_object(pointer.kind)) {
    const Access access{i.src, i.offset, isa::bytes_of(i.width), Touch::read};
    if (auto refused = check_object_access(analysis, pointer, access)) return refused;
  } else {
    const Access access{i.src, i.offset, isa::bytes_of(i.width), Touch::read};
    if (auto refused = check_region(analysis, state, pointer, access)) return refused;
    if (pointer.kind == Kind::stack) {
      if (auto refused = load_stack(analysis, state, pointer, i, out)) return refused;
    }
    if (pointer.kind == Kind::map_value) {
      out = load_map_value(analysis, pointer, i);
      if (const MapField* field = pointer_field(analysis, pointer, i.offset)) {
        if (auto refused = load_pointer_field(analysis, state, *field, i, out)) return refused;
      }
    }
    if (pointer.kind == Kind::kernel || pointer.kind == Kind::map) {
      if (auto refused = load_kernel(analysis, state, {pointer, access}, out)) return refused;
    }
  }
  if (auto refused = note_region(analysis, at, pointer.kind)) return refused;
  state.registers()[i.dst] = out;
  return {};
}

Check do_store(Analysis& analysis, State& state, isa::InstructionIndex at) {
  const Instruction& i = analysis.program.code[at.value()];
  if (i.has_register_source()) {
    if (auto refused = check_readable(state, i.src)) return refused;
  }
  const Value pointer = state.registers()[i.dst];
  if (i.has_register_source() && pointer.kind == Kind::stack)
    analysis.link(state.registers()[i.src]);  // the copy on the stack learns with the register
  const Value stored = i.has_register_source()
                           ? state.registers()[i.src]
                           : Value::of_number(Scalar::constant(static_cast<u64>(i.immediate)));
  const Access access{i.dst, i.offset, isa::bytes_of(i.width), Touch::write};
  if (i.has_register_source() && pointer.kind != Kind::stack) {
    if (auto refused = check_no_leak(analysis, state, i.src, "an address is stored"))
      return refused;
  }
  if (pointer.kind == Kind::context) {
    if (auto refused = store_context(analysis, pointer, access, stored)) return refused;
  } else if (is_object(pointer.kind)) {
    if (auto refused = check_object_access(analysis, pointer, access)) return refused;
  } else {
    if (auto refused = check_region(analysis, state, pointer, access)) return refused;
    analysis.may_change_packet |= pointer.is_packet();
    if (pointer.kind == Kind::map_value) {
      if (const MapField* field = pointer_field(analysis, pointer, i.offset)) {
        if (auto refused = store_pointer_field(analysis, *field, i, stored)) return refused;
      }
    }
    if (pointer.kind == Kind::stack) {
      if (auto refused = store_stack(analysis, state, pointer, i, stored)) return refused;
    }
  }
  return note_region(analysis, at, pointer.kind);
}

Check do_atomic(Analysis& analysis, State& state, isa::InstructionIndex at) {
  const Instruction& i = analysis.program.code[at.value()];
  const bool acquire = i.atomic() == isa::Atomic::load_acquire;
  const u8 base = acquire ? i.src : i.dst;
  const u8 operand = acquire ? i.dst : i.src;
  if (!acquire) {
    if (auto refused = check_readable(state, operand)) return refused;
  }
  const Value pointer = state.registers()[base];
  const bool compares = i.atomic() == isa::Atomic::cmpxchg;
  if (compares) {
    if (auto refused = check_readable(state, isa::kR0)) return refused;
  }
  const bool saves = i.atomic() == isa::Atomic::store_release && pointer.kind == Kind::stack;
  if (!acquire && !saves) {
    for (const u8 r : {operand, compares ? isa::kR0 : operand}) {
      if (auto refused = check_no_leak(analysis, state, r, "an address is in an atomic operation"))
        return refused;
    }
  }
  const u32 bytes = isa::bytes_of(i.width);
  for (const Touch touch : {Touch::read, Touch::write}) {
    if (acquire && touch == Touch::write) break;
    if (auto refused = check_region(analysis, state, pointer, {base, i.offset, bytes, touch}))
      return refused;
  }
  const bool is_field =
      pointer.kind == Kind::map_value && pointer_field(analysis, pointer, i.offset) != nullptr;
  if (is_field)
    return Refusal{Property::special_field,
                   "an atomic operation on a pointer field of a map's value",
                   because(pointer, base),
                   {}};
  const bool possible = pointer.kind == Kind::map_value || pointer.kind == Kind::own ||
                        pointer.kind == Kind::stack || pointer.kind == Kind::record ||
                        pointer.kind == Kind::memory || pointer.kind == Kind::arena ||
                        (pointer.kind == Kind::kernel && !analysis.for_user_engine());
  if (!possible)
    return Refusal{Property::atomic_access,
                   "an atomic operation on memory that does not take one",
                   because(pointer, base),
                   {}};
  // In an arena the engines see to it.
  const bool known_aligned = pointer.kind == Kind::arena || is_aligned(pointer, i.offset, bytes);
  if (!known_aligned)
    return Refusal{
        Property::atomic_access,
        format("an atomic operation that may not be aligned to {}", counted(bytes, "byte")),
        because(pointer, base),
        {}};
  const Value& given = state.registers()[operand];
  if (!acquire && analysis.for_user_engine() && given.is_pointer() && given.kind != Kind::arena &&
      pointer.kind != Kind::stack) {
    return Refusal{Property::atomic_access,
                   "a pointer is the operand of an atomic operation",
                   because(given, operand),
                   {}};
  }
  Value result = Value::of_number(Scalar::zero_extended(i.width));
  if (pointer.kind == Kind::stack && saves) {
    if (auto refused = store_stack(analysis, state, pointer, i, given)) return refused;
  } else if (pointer.kind == Kind::stack) {
    if (auto refused = load_stack(analysis, state, pointer, i, result)) return refused;
    // Also where it would be fetched: the operand makes of it what it likes.
    if (!acquire && result.is_pointer() && analysis.hides_addresses())
      return leaked("an address is in an atomic operation", result, base);
    if (!acquire) {
      if (auto refused = update_stack(analysis, state, pointer, i)) return refused;
    }
  }
  const isa::Fetch fetch = isa::kAtomic[i.atomic()].fetch;
  const bool writes_operand = fetch == isa::Fetch::source || fetch == isa::Fetch::destination;
  if (writes_operand && operand == isa::kFramePointer)
    return Refusal{Property::frame_pointer, "r10 is written", "", {}};
  switch (fetch) {
    case isa::Fetch::nothing: break;
    case isa::Fetch::source: state.registers()[i.src] = result; break;
    case isa::Fetch::r0: state.registers()[isa::kR0] = result; break;
    case isa::Fetch::destination: state.registers()[i.dst] = result; break;
  }
  return note_region(analysis, at, pointer.kind);
}

// r0 = packet[...], with the context in r6; leaves the program when the packet is too short.
Check do_packet_load(Analysis& analysis, State& state, isa::InstructionIndex at) {
  const Instruction& i = analysis.program.code[at.value()];
  if (!analysis.type().may_load_packet) {
    return Refusal{Property::unsupported,
                   format("legacy packet loads are not for {} programs", analysis.type().name), "",
                   "read the packet through its pointers"};
  }
  if (!state.in_main() && analysis.for_user_engine())
    return Refusal{Property::unsupported,
                   "a legacy packet load in a function",
                   "it would leave the program, not the function",
                   {}};
  if (auto refused = check_may_leave(analysis, state, "a legacy packet load")) return refused;
  const bool is_called_back = std::ranges::any_of(
      state.frames.all(), [](const Frame& frame) { return frame.entered != Entered::by_call; });
  if (is_called_back)
    return Refusal{Property::helper_not_allowed,
                   "a legacy packet load in a callback",
                   "it may leave, which is no answer to who calls back",
                   {}};
  if (!state.held.empty())
    return still_held(analysis.program, state, "a legacy packet load, which may leave, while ",
                      " is held");
  if (auto refused = check_no_section(state, "a legacy packet load, which may leave"))
    return refused;
  if (state.registers()[isa::kR6].kind != Kind::context)
    return Refusal{Property::context_access,
                   "a legacy packet load without the context in r6",
                   because(state.registers()[isa::kR6], isa::kR6),
                   {}};
  if (i.packet() == isa::Packet::indirect) {
    if (auto refused = check_readable(state, i.src)) return refused;
  }
  for (u8 r = isa::kR0; r <= isa::kR5; ++r) {
    state.registers()[r] = Value::unset_value();
    state.registers()[r].lost_at = at.value() + 1;
  }
  state.registers()[isa::kR0] = Value::of_number(Scalar::zero_extended(i.width));
  return {};
}

namespace {

Refusal of_unknown_size(const Value& pointer, u8 r) {
  return {Property::memory_bounds, "memory of unknown size is handed to a function",
          because(pointer, r), "copy it by bpf_probe_read_kernel first"};
}

// No bytes at all. By the kernel's rules the place must be inside of what the pointer points into,
// all the same.
Check check_nothing(Analysis& analysis, const State& state, u8 r) {
  if (auto refused = check_readable(state, r)) return refused;
  const Value& pointer = state.frame().registers[r];
  if (analysis.for_user_engine() || pointer.is_null()) return {};
  const bool has_place = pointer.kind == Kind::stack || pointer.kind == Kind::map_value ||
                         pointer.kind == Kind::packet || pointer.kind == Kind::memory ||
                         pointer.kind == Kind::record;
  if (pointer.kind == Kind::memory && pointer.trust == Trust::untrusted)
    return of_unknown_size(pointer, r);
  if (has_place) return check_region(analysis, state, pointer, {r, 0, 0, Touch::read, By::helper});
  if (pointer.kind == Kind::map_key || pointer.kind == Kind::kernel || pointer.kind == Kind::own)
    return {};
  return Refusal{Property::not_a_pointer, format("{} is handed on as memory", register_name(r)),
                 because(pointer, r), ""};
}

}  // namespace

Check check_memory(Analysis& analysis, State& state, u8 r, Extent extent, Touch touch) {
  const Value pointer = state.registers()[r];
  if (extent.most == 0) return check_nothing(analysis, state, r);
  if (pointer.kind == Kind::arena) {
    return Refusal{Property::arena, "a pointer into the arena is handed to a helper or a function",
                   because(pointer, r), "copy what is there to the stack and hand that over"};
  }
  if (pointer.kind == Kind::memory && pointer.trust == Trust::untrusted) {
    return of_unknown_size(pointer, r);
  }
  const Access access{r, 0, static_cast<u32>(std::min<u64>(extent.most, ~0u)), touch, By::helper};
  if (auto refused = check_region(analysis, state, pointer, access)) return refused;
  analysis.may_change_packet |= touch == Touch::write && pointer.is_packet();
  if (pointer.kind != Kind::stack) return {};
  return touch == Touch::read ? check_stack_set(analysis, state, pointer, extent.most, r)
                              : fill_stack(analysis, state, pointer, extent);
}

}  // namespace skep::verify
