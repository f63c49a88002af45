#include "verify/stack_objects.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace skep::verify {
namespace {

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::dynptr_object: return "a dynptr";
    case Kind::iterator: return "an iterator";
    case Kind::interrupt_flags: return "saved interrupt flags";
    default: return "an object";
  }
}

const Value* object_in(const Frame& frame, u32 slot) {
  if (slot >= frame.slots.size()) return nullptr;
  const StackSlot& here = frame.slots[slot];
  return here.spilled != 0 && is_stack_object(here.value.kind) ? &here.value : nullptr;
}

void clear_slot(Frame& frame, u32 slot) {
  if (slot < frame.slots.size()) frame.slots.edit(slot) = StackSlot{};
}

// Both slots of a dynptr, and what bpf_dynptr_data() gave of it. Slices of bpf_dynptr_slice() stay:
// their memory does.
Check destroy_dynptr(State& state, u8 in, u32 slot) {
  Frame& frame = state.frames[in];
  const Value value = *object_in(frame, slot);
  if (value.reference != 0) {
    return Refusal{Property::stack_object, "a dynptr is overwritten that has a record to give back",
                   "", "submit or discard it first"};
  }
  const u32 first = slot + static_cast<u32>(value.offset);
  clear_slot(frame, first);
  clear_slot(frame, first - 1);
  const auto is_of_it = [&](const Value& each) {
    return each.kind == Kind::memory && each.reference == value.id &&
           static_cast<DynptrKind>(each.type) == DynptrKind::none;
  };
  state.change_values(is_of_it, [](Value& each) { each = Value::of_number(Scalar::unknown()); });
  return {};
}

u64 slots_of(const ObjectPlace& place) {
  u64 out = 0;
  for (u32 n = 0; n < place.count; ++n) out |= u64{1} << place.slot(n);
  return out;
}

}  // namespace

std::optional<ObjectPlace> object_place(const Value& pointer, u32 count) {
  if (pointer.kind != Kind::stack || !pointer.number.is_constant()) return std::nullopt;
  const s64 offset = pointer.offset + static_cast<s64>(pointer.number.value());
  const bool is_inside = offset >= -static_cast<s64>(isa::kStackBytes) &&
                         offset + s64{count} * kSlotBytes <= 0 && offset % kSlotBytes == 0;
  if (!is_inside) return std::nullopt;
  return ObjectPlace{pointer.frame, Frame::slot_of(offset), count};
}

const Value* object_at(Analysis& analysis, const State& state, const ObjectPlace& place,
                       Kind kind) {
  const Frame& frame = state.frames[place.frame];
  analysis.demand.read[place.frame] |= slots_of(place);
  const Value* const first = object_in(frame, place.first);
  if (first == nullptr) return nullptr;
  for (u32 n = 0; n < place.count; ++n) {
    const Value* const value = object_in(frame, place.slot(n));
    const bool is_part = value != nullptr && value->kind == kind && value->offset == s64{n} &&
                         value->id == first->id && value->reference == first->reference;
    if (!is_part) return nullptr;
  }
  return first;
}

bool touches_object(const State& state, const ObjectPlace& place, Kind kind) {
  for (u32 n = 0; n < place.count; ++n) {
    const Value* const value = object_in(state.frames[place.frame], place.slot(n));
    if (value != nullptr && value->kind == kind) return true;
  }
  return false;
}

Check put_object(Analysis& analysis, State& state, const ObjectPlace& place, const Value& value) {
  if (auto refused = destroy_objects(state, place.frame, slots_of(place))) return refused;
  Frame& frame = state.frames[place.frame];
  for (u32 n = 0; n < place.count; ++n) {
    StackSlot& slot = frame.slots.edit(place.slot(n));
    slot = {.set = 0xff, .spilled = kSlotBytes, .value = value};
    slot.value.offset = n;
  }
  analysis.demand.written[place.frame] |= slots_of(place);
  u32& depth = analysis.frames[frame.function].bytes;
  depth = std::max(depth, (place.first + 1) * kSlotBytes);
  return {};
}

void remove_object(Analysis& analysis, State& state, const ObjectPlace& place) {
  for (u32 n = 0; n < place.count; ++n) clear_slot(state.frames[place.frame], place.slot(n));
  analysis.demand.written[place.frame] |= slots_of(place);
}

Check check_no_object(const Frame& frame, u64 slots) {
  for (; slots != 0; slots &= slots - 1) {
    const auto slot = static_cast<u32>(std::countr_zero(slots));
    const Value* const value = object_in(frame, slot);
    if (value == nullptr) continue;
    return Refusal{Property::stack_object,
                   format("reads or writes stack bytes of {}", name_of(value->kind)),
                   format("it is in the 8 bytes at r10 - {}", (slot + 1) * kSlotBytes),
                   "what is in it is for the functions that take its address"};
  }
  return {};
}

Check overwrite_objects(State& state, u8 in, u64 slots) {
  const Frames& frames = state.frames;
  for (u64 left = slots; left != 0; left &= left - 1) {
    const auto slot = static_cast<u32>(std::countr_zero(left));
    const Value* const value = object_in(frames[in], slot);
    if (value != nullptr && value->kind == Kind::dynptr_object)
      return check_no_object(frames[in], u64{1} << slot);
  }
  return destroy_objects(state, in, slots);
}

Check destroy_objects(State& state, u8 in, u64 slots) {
  for (u64 left = slots; left != 0; left &= left - 1) {
    const auto slot = static_cast<u32>(std::countr_zero(left));
    const Value* const value = object_in(std::as_const(state).frames[in], slot);
    if (value == nullptr) continue;
    if (value->kind == Kind::dynptr_object) {
      if (auto refused = destroy_dynptr(state, in, slot)) return refused;
    } else {
      StackSlot& there = state.frames[in].slots.edit(slot);
      there.spilled = 0;
      there.value = {};
    }
  }
  return {};
}

}  // namespace skep::verify
