#include "verify/stack.hpp"

#include <algorithm>
#include <utility>

#include "verify/privileges.hpp"
#include "verify/stack_objects.hpp"

namespace skep::verify {
namespace {

using isa::Instruction;
using isa::Width;

// Bytes [first, last] of a frame, as offsets from its end (negative).
struct Reach {
  s64 first;
  s64 last;
  bool exact;  // the pointer has one place only
};

Reach reach_of(const Value& pointer, s64 offset, u64 bytes) {
  const s64 fixed = pointer.offset + offset;
  return {fixed + pointer.number.full.smin,
          fixed + pointer.number.full.smax + static_cast<s64>(bytes) - 1,
          pointer.number.is_constant()};
}

u8 byte_mask(s64 first, u32 bytes) {
  return static_cast<u8>(((1u << bytes) - 1) << Frame::byte_of(first));
}

void note_depth(Analysis& analysis, const Frame& frame, s64 first) {
  u32& depth = analysis.frames[frame.function].bytes;
  depth = std::max(depth, static_cast<u32>(-first));
}

void note_reach(Analysis& analysis, const Frame& frame, const Reach& reach) {
  note_depth(analysis, frame, reach.first);
  analysis.frames[frame.function].reached.include(reach.first, reach.last + 1);
}

// An access by an instruction whose address is in `base`.
void note_access(Analysis& analysis, const Frame& frame, const Reach& reach, u8 base) {
  if (base == isa::kFramePointer) return note_depth(analysis, frame, reach.first);
  note_reach(analysis, frame, reach);
}

Refusal unset_byte(s64 byte, std::string_view what) {
  return {Property::uninitialised_stack,
          format("{} stack byte {}, which was never written", what, byte),
          "its offset is relative to r10",
          {}};
}

// The slots that lie in reach, in part or whole.
u64 slots_in(const Reach& reach) {
  const u32 lowest = Frame::slot_of(reach.last), highest = Frame::slot_of(reach.first);
  return (~u64{0} >> (kStackSlots - 1 - highest)) & (~u64{0} << lowest);
}

// The first byte in reach that nobody wrote. Who has the right may read such.
std::optional<s64> first_unset(const Analysis& analysis, const Frame& frame, const Reach& reach) {
  if (analysis.has(platform::Right::uninitialised_stack)) return std::nullopt;
  for (s64 byte = reach.first; byte <= reach.last; ++byte) {
    const u32 number = Frame::slot_of(byte);
    const bool set =
        number < frame.slots.size() && (frame.slots[number].set >> Frame::byte_of(byte) & 1) != 0;
    if (!set) return byte;
  }
  return std::nullopt;
}

// Bytes that are read or written as bytes are none of an address (check_stack_range_initialized and
// check_stack_write_fixed_off in kernel/bpf/verifier.c).
Check check_no_address(const Analysis& analysis, const Frame& frame, const Reach& reach,
                       std::string_view what) {
  if (!analysis.hides_addresses()) return {};
  for (u32 number = Frame::slot_of(reach.last); number <= Frame::slot_of(reach.first); ++number) {
    if (number >= frame.slots.size()) break;
    const StackSlot& slot = frame.slots[number];
    if (slot.spilled == 0 || !slot.value.is_pointer()) continue;
    Refusal refusal = leaked(format("{} bytes of an address that is saved on the stack", what),
                             slot.value, isa::kFramePointer);
    refusal.reason =
        format("stack offset {} holds {}", -s64{kSlotBytes} * (number + 1), describe(slot.value));
    return refusal;
  }
  return {};
}

// The spilled value does not survive a write to any of its bytes.
void drop_spill(StackSlot& slot, u8 written) {
  const u8 spilled = static_cast<u8>((1u << slot.spilled) - 1);
  if ((spilled & written) != 0) slot.spilled = 0;
}

// The bytes of a slot, which begins at `start`, that are in [first, end).
u8 bytes_inside(s64 start, s64 first, s64 end) {
  const s64 from = std::max(first - start, s64{0}), to = std::min(end - start, s64{kSlotBytes});
  return from >= to ? 0 : static_cast<u8>((1u << to) - (1u << from));
}

// By byte of a slot: what may be written, and what of it surely is.
struct Written {
  u8 maybe;
  u8 surely;
};

bool changes(const Slots& slots, u32 number, const Written& written) {
  if (number >= slots.size()) return written.surely != 0;
  const StackSlot& slot = slots[number];
  const u8 spilled = static_cast<u8>((1u << slot.spilled) - 1);
  return ((spilled | slot.zero) & written.maybe) != 0 || (written.surely & ~slot.set) != 0;
}

// Every byte in reach may have changed; those that are certain become set. A slot of which that was
// so before stays shared.
void overwrite(Frame& frame, const Reach& reach, u64 certain) {
  const s64 end_of_certain = reach.exact ? reach.first + static_cast<s64>(certain) : reach.first;
  const s64 lowest = -s64{Frame::slot_of(reach.first) + 1} * kSlotBytes;
  for (s64 start = lowest; start <= reach.last; start += kSlotBytes) {
    const u32 number = Frame::slot_of(start);
    const u8 written = bytes_inside(start, reach.first, reach.last + 1);
    const u8 set = bytes_inside(start, reach.first, std::min(end_of_certain, reach.last + 1));
    if (!changes(frame.slots, number, {written, set})) continue;
    StackSlot& slot = frame.slots.edit(number);
    drop_spill(slot, written);
    slot.zero &= static_cast<u8>(~written);
    slot.set |= set;
  }
}

// A zero is written somewhere in reach: what is zero there stays so. Says whether anything is.
bool overwrite_with_zero(Frame& frame, const Reach& reach) {
  bool is_kept = false;
  const s64 lowest = -s64{Frame::slot_of(reach.first) + 1} * kSlotBytes;
  for (s64 start = lowest; start <= reach.last; start += kSlotBytes) {
    const u32 number = Frame::slot_of(start);
    const u8 written = bytes_inside(start, reach.first, reach.last + 1);
    if (!changes(frame.slots, number, {written, 0})) continue;
    StackSlot& slot = frame.slots.edit(number);
    const bool is_zero = slot.spilled != 0 && slot.value.is_null();
    is_kept |= is_zero || (slot.zero & written) != 0;
    if (!is_zero) drop_spill(slot, written);
  }
  return is_kept;
}

// A helper surely writes the first `certain` bytes: the slots among them are overwritten whole.
void note_filled(Analysis& analysis, const Value& pointer, const Reach& reach, u64 certain) {
  if (!reach.exact) return;
  for (s64 byte = reach.first; byte + kSlotBytes <= reach.first + static_cast<s64>(certain);
       ++byte) {
    if (Frame::byte_of(byte) != 0) continue;
    analysis.demand.written[pointer.frame] |= u64{1} << Frame::slot_of(byte);
  }
}

bool is_zero(const StackSlot& slot, u8 bytes) { return (bytes & ~slot.zero) == 0; }

// What a load of `i.width` from the start or the middle of a spilled number gives.
Scalar part_of(const StackSlot& slot, u32 byte, const Instruction& i) {
  const u32 bytes = isa::bytes_of(i.width);
  const bool inside = byte + bytes <= slot.spilled;
  if (!inside) return Scalar::zero_extended(i.width);
  Scalar number = slot.value.number;
  if (byte != 0) number = apply(isa::Alu::rsh, Width::w64, number, Scalar::constant(u64{8} * byte));
  return truncated(number, i.width);
}

Scalar with_sign(const Scalar& number, const Instruction& i) {
  if (i.form != isa::Form::load_signed) return number;
  const isa::Alu extension = i.width == Width::w8    ? isa::Alu::movsx8
                             : i.width == Width::w16 ? isa::Alu::movsx16
                                                     : isa::Alu::movsx32;
  return apply(extension, Width::w64, Scalar::unknown(), number);
}

Check check_alignment(const Value& pointer, const Instruction& i, const Reach& reach,
                      std::string_view what) {
  const u32 bytes = isa::bytes_of(i.width);
  if (is_aligned(pointer, i.offset, bytes)) return {};
  const std::string place = reach.exact
                                ? format("at stack offset {}", reach.first)
                                : format("at stack offsets {} to {}, which need not be aligned",
                                         reach.first, reach.last + 1 - bytes);
  return Refusal{
      Property::stack_alignment, format("{} {} {}", what, counted(bytes, "byte"), place), "", {}};
}

}  // namespace

bool is_aligned(const Value& pointer, s64 offset, u32 bytes) {
  const Word<u64>& moved = pointer.number.full;
  return (moved.mask & (bytes - 1)) == 0 &&
         (pointer.offset + offset + static_cast<s64>(moved.value)) % bytes == 0;
}

Check check_stack(const Value& pointer, s64 offset, u32 bytes, u8 r) {
  const Reach reach = reach_of(pointer, offset, bytes);
  if (reach.first < -static_cast<s64>(isa::kStackBytes) || reach.first >= 0 || reach.last >= 0) {
    return Refusal{Property::stack_bounds,
                   format("accesses bytes {} to {} of a stack frame that reaches from -512 to -1",
                          reach.first, reach.last),
                   format("{} is {}", register_name(r), describe(pointer)),
                   {}};
  }
  return {};
}

std::optional<u64> constant_on_stack(Analysis& analysis, const State& state, const Value& pointer,
                                     u32 bytes) {
  if (pointer.kind != Kind::stack || bytes > kSlotBytes) return std::nullopt;
  const Frame& frame = state.frames[pointer.frame];
  const Reach reach = reach_of(pointer, 0, bytes);
  const u32 number = Frame::slot_of(reach.first);
  if (!reach.exact || number != Frame::slot_of(reach.last) || number >= frame.slots.size())
    return std::nullopt;
  const StackSlot& slot = frame.slots[number];
  if (is_zero(slot, byte_mask(reach.first, bytes))) return 0;
  const bool is_there = Frame::byte_of(reach.first) == 0 && slot.spilled == bytes &&
                        slot.value.is_number() && slot.value.number.is_constant();
  if (!is_there) return std::nullopt;
  analysis.demand.slots[pointer.frame] |= u64{1} << number;
  return slot.value.number.value();
}

Check load_stack(Analysis& analysis, State& state, const Value& pointer, const Instruction& i,
                 Value& out) {
  const Frame& frame = std::as_const(state).frames[pointer.frame];
  const u32 bytes = isa::bytes_of(i.width);
  const Reach reach = reach_of(pointer, i.offset, bytes);
  note_access(analysis, frame, reach, i.src);
  if (const auto unset = first_unset(analysis, frame, reach)) return unset_byte(*unset, "reads");
  if (auto refused = check_no_object(frame, slots_in(reach))) return refused;
  analysis.demand.read[pointer.frame] |= slots_in(reach);
  if (auto refused = check_alignment(pointer, i, reach, "reads")) return refused;
  if (!reach.exact) return {};
  const u32 number = Frame::slot_of(reach.first);
  if (number >= frame.slots.size()) return {};
  const StackSlot& slot = frame.slots[number];
  if (is_zero(slot, byte_mask(reach.first, bytes))) {
    out = Value::of_number(Scalar::constant(0));
    return {};
  }
  if (slot.spilled == 0) return {};
  analysis.demand.spilled = SlotPlace{pointer.frame, static_cast<u8>(number)};
  const u32 byte = Frame::byte_of(reach.first);
  const bool low = byte == 0 && bytes <= slot.spilled && i.form != isa::Form::load_signed;
  const bool whole = low && bytes == slot.spilled;
  if (slot.value.is_number()) {
    // All that is not zero of it.
    const bool fits = whole || (low && slot.value.number.full.umax >> (8 * bytes) == 0);
    out = fits ? slot.value : Value::of_number(with_sign(part_of(slot, byte, i), i));
    if (!fits || !Analysis::wants_link(out)) return {};
    analysis.link(out);
    state.frames[pointer.frame].slots.edit(number).value.id = out.id;
    return {};
  }
  if (!whole) {
    return Refusal{Property::pointer_arithmetic,
                   "reads a part of a pointer that was saved on the stack",
                   format("stack offset {} holds {}", reach.first, describe(slot.value)),
                   {}};
  }
  out = slot.value;
  return {};
}

Check store_stack(Analysis& analysis, State& state, const Value& pointer, const Instruction& i,
                  const Value& stored) {
  Frame& frame = state.frames[pointer.frame];
  const u32 bytes = isa::bytes_of(i.width);
  const Reach reach = reach_of(pointer, i.offset, bytes);
  note_access(analysis, frame, reach, i.dst);
  if (stored.kind == Kind::stack && stored.frame > pointer.frame) {
    return Refusal{Property::stack_bounds,
                   "a pointer into a frame is saved in the frame of its caller",
                   "the frame is gone before the caller's",
                   {}};
  }
  const bool is_foreign = pointer.frame + 1u != state.frames.size();
  if (stored.kind == Kind::stack && is_foreign && !analysis.for_user_engine()) {
    return Refusal{Property::stack_bounds,
                   "a pointer into the stack is saved in the frame of a caller",
                   "the kernel does not look whose frame it points into",
                   {}};
  }
  if (auto refused = destroy_objects(state, pointer.frame, slots_in(reach))) return refused;
  if (auto refused = check_alignment(pointer, i, reach, "writes")) return refused;
  // Linux asks only where it knows the place (check_stack_write_var_off in kernel/bpf/verifier.c).
  if (stored.is_pointer() && bytes != 8 && (reach.exact || analysis.for_user_engine())) {
    return Refusal{Property::pointer_arithmetic,
                   format("saves {} of a pointer on the stack", counted(bytes, "byte")),
                   describe(stored),
                   {}};
  }
  if (!reach.exact && stored.is_null()) {
    if (overwrite_with_zero(frame, reach) &&
        (i.form != isa::Form::store || i.has_register_source()))
      analysis.demand.registers |= bit(i.src);
    return {};
  }
  if (!reach.exact) {
    overwrite(frame, reach, 0);
    return {};
  }
  if (bytes != kSlotBytes) {
    if (auto refused = check_no_address(analysis, frame, reach, "overwrites")) return refused;
  }
  StackSlot& slot = frame.slots.edit(Frame::slot_of(reach.first));
  const u8 written = byte_mask(reach.first, bytes);
  drop_spill(slot, written);
  slot.set |= written;
  // Of numbers the kernel saves the value for those who may have functions, else whether it is 0.
  const bool keeps = Frame::byte_of(reach.first) == 0 &&
                     (stored.is_pointer() || analysis.has(platform::Right::functions));
  const bool is_zero = stored.is_null() && !keeps;
  slot.zero = is_zero ? slot.zero | written : slot.zero & static_cast<u8>(~written);
  // What reads the zeros later knows no register that they came from.
  const bool is_release = i.form == isa::Form::atomic;
  if (is_zero && (is_release || (i.form == isa::Form::store && i.has_register_source())))
    analysis.demand.registers |= bit(i.src);
  if (bytes == kSlotBytes) analysis.demand.written[pointer.frame] |= slots_in(reach);
  if (!keeps) return {};
  analysis.demand.spilled = SlotPlace{pointer.frame, static_cast<u8>(Frame::slot_of(reach.first))};
  slot.spilled = static_cast<u8>(bytes);
  slot.value = stored;
  if (stored.is_number() && bytes != 8) {
    slot.value.number = truncated(stored.number, i.width);
    if (slot.value.number != stored.number) slot.value.unlink();
  }
  return {};
}

Check update_stack(Analysis& analysis, State& state, const Value& pointer, const Instruction& i) {
  Frame& frame = state.frames[pointer.frame];
  const u32 bytes = isa::bytes_of(i.width);
  const Reach reach = reach_of(pointer, i.offset, bytes);
  note_reach(analysis, frame, reach);
  if (const auto unset = first_unset(analysis, frame, reach)) return unset_byte(*unset, "reads");
  if (auto refused = check_no_object(frame, slots_in(reach))) return refused;
  analysis.demand.read[pointer.frame] |= slots_in(reach);
  overwrite(frame, reach, bytes);
  return {};
}

Check check_stack_set(Analysis& analysis, State& state, const Value& pointer, u64 bytes, u8 r) {
  const Frame& frame = state.frames[pointer.frame];
  const Reach reach = reach_of(pointer, 0, bytes);
  note_reach(analysis, frame, reach);
  analysis.demand.read[pointer.frame] |= slots_in(reach);
  if (auto refused = check_no_object(frame, slots_in(reach))) return refused;
  if (auto refused = check_no_address(analysis, frame, reach, "the call reads")) return refused;
  const auto unset = first_unset(analysis, frame, reach);
  if (!unset) return {};
  return unset_byte(*unset, format("the call reads through {}", register_name(r)));
}

Check fill_stack(Analysis& analysis, State& state, const Value& pointer, Extent extent) {
  Frame& frame = state.frames[pointer.frame];
  const Reach reach = reach_of(pointer, 0, extent.most);
  note_reach(analysis, frame, reach);
  if (auto refused = overwrite_objects(state, pointer.frame, slots_in(reach))) return refused;
  if (auto refused = check_no_address(analysis, frame, reach, "the call overwrites"))
    return refused;
  // What it leaves may be read as if it was written.
  if (!analysis.for_user_engine() && extent.least != extent.most) {
    if (const auto unset = first_unset(analysis, frame, reach))
      return unset_byte(*unset, "the call may leave");
  }
  overwrite(frame, reach, extent.least);
  note_filled(analysis, pointer, reach, extent.least);
  return {};
}

Check hand_over_stack(Analysis& analysis, State& state, const Value& pointer, u32 bytes) {
  Frame& frame = state.frames[pointer.frame];
  const Reach reach = reach_of(pointer, 0, bytes);
  if (auto refused = check_no_object(frame, slots_in(reach))) return refused;
  note_reach(analysis, frame, reach);
  analysis.demand.read[pointer.frame] |= slots_in(reach);
  if (auto refused = check_no_address(analysis, frame, reach, "the call gets")) return refused;
  if (const auto unset = first_unset(analysis, frame, reach)) {
    if (!analysis.for_user_engine()) return unset_byte(*unset, "the call may read");
    analysis.frames[frame.function].zeroed.include(reach.first, reach.last + 1);
  }
  overwrite(frame, {reach.first, reach.last, true}, static_cast<u64>(reach.last - reach.first + 1));
  return {};
}

}  // namespace skep::verify
