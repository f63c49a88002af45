// What handlers of calls and look-ups do, and how functions are left.
#pragma once

#include "interpret/trap.hpp"
#include "threaded/bodies.hpp"
#include "threaded/threaded.hpp"

namespace skep::threaded {

// A run's 34th tail call fails without being looked up (platform/machine.hpp).
u64 run_nested(const Image& image, u64 context, State& caller);

SKEP_INLINE const Step* call_body(const Step* at, State& state, u64& last,
                                  platform::HelperBody body) {
  const auto& r = state.registers;
  last = body(r[1], r[2], r[3], r[4], r[5], state.execution);
  state.registers[0] = last;
  return at + 1;
}

SKEP_INLINE const Step* call_helper(const Step* at, State& state, u64& last) {
  return call_body(at, state, last, reinterpret_cast<platform::HelperBody>(at->wide));
}

SKEP_INLINE const Step* call_indirect(const Step* at, State& state, u64& last) {
  return call_body(at, state, last, state.image->bindings().helpers[at_register(state, at->left)]);
}

SKEP_INLINE const Step* call_local(const Step* at, State& state) {
  auto& r = state.registers;
  state.frames[state.depth++] = {at + 1, {r[6], r[7], r[8], r[9]}, state.loops};
  r[isa::kFramePointer] -= isa::kStackBytes;
  state.loops = interpret::kLoopsMax;
  return target_of(at);
}

// Null: the run is at its end.
SKEP_INLINE const Step* leave(State& state) {
  if (state.depth == 0) return nullptr;
  const Frame& frame = state.frames[--state.depth];
  auto& r = state.registers;
  r[6] = frame.saved[0], r[7] = frame.saved[1], r[8] = frame.saved[2], r[9] = frame.saved[3];
  r[isa::kFramePointer] += isa::kStackBytes;
  state.loops = frame.loops;
  return frame.back;
}

// RFC 9669, 5.5: a load outside of the packet leaves the function with 0.
template <Shape shape>
SKEP_INLINE const Step* packet_load(const Step* at, State& state, u64& last) {
  u64 offset = at->wide;
  if (at->right != 0xff) offset += at_register(state, at->right);
  const s64 value = state.image->bindings().packet_load(at_register(state, at->left),
                                                        static_cast<s32>(static_cast<u32>(offset)),
                                                        1u << shape.width, state.execution);
  last = value < 0 ? 0 : static_cast<u64>(value);
  state.registers[0] = last;
  return value < 0 ? leave(state) : at + 1;
}

template <Shape shape>
SKEP_INLINE const Step* array_lookup(const Step* at, State& state, u64& last) {
  const auto& array = *reinterpret_cast<const platform::ArrayShape*>(at->wide);
  constexpr auto key = static_cast<jit::Key>(shape.row);
  u32 index = static_cast<u32>(at->offset);
  if constexpr (key == jit::Key::in_register) {
    index = static_cast<u32>(at_register(state, at->left));
  } else if constexpr (key == jit::Key::in_memory) {
    std::memcpy(&index, reinterpret_cast<const void*>(state.registers[2]), sizeof index);
  }
  u64 out = array.values + u64{index} * array.stride;
  if constexpr (shape.variant != 0) {
    u32 cpu = 0;
    std::memcpy(&cpu,
                static_cast<const std::byte*>(state.execution) + state.image->bindings().cpu_offset,
                sizeof cpu);
    out += cpu * array.cpu_stride;
  }
  last = key == jit::Key::constant || index < array.entries ? out : 0;
  state.registers[0] = last;
  return at + 1;
}

SKEP_INLINE const Step* map_lookup(const Step* at, State& state, u64& last) {
  const auto& lookup = *reinterpret_cast<const Lookup*>(at->wide);
  last = lookup.body(lookup.map, state.registers[2]);
  state.registers[0] = last;
  return at + 1;
}

SKEP_INLINE platform::Budget& budget_of(State& state) {
  return *reinterpret_cast<platform::Budget*>(static_cast<std::byte*>(state.execution) +
                                              state.image->bindings().budget_offset);
}

SKEP_INLINE bool is_stopped(State& state) {
  return state.image->bindings().pays &&
         budget_of(state).stopped_at != platform::Budget::kNotStopped;
}

// `offset` instructions of a block, whose first one `wide` is.
SKEP_INLINE const Step* pay(const Step* at, State& state) {
  platform::Budget& budget = budget_of(state);
  const auto price = static_cast<u64>(s64{at->offset});
  if (budget.instructions < price) {
    budget.program = state.image->bindings().program;
    budget.stopped_at = static_cast<u32>(at->wide);
    return nullptr;
  }
  budget.instructions -= price;
  return at + 1;
}

// bpf_throw(cookie): ends every function of the program. Its result is the cookie, or what the
// exception callback makes of it, which takes the place of the program's own function.
SKEP_INLINE const Step* throw_exception(const Step* at, State& state) {
  auto& r = state.registers;
  r[isa::kFramePointer] += u64{state.depth} * isa::kStackBytes;
  state.depth = 0;
  state.loops = interpret::kLoopsMax;
  r[0] = r[1];
  return target_of(at);  // null: there is none
}

// The program that is called takes the place of this frame. In a function it gets a run of its own,
// because it may call as deep as any program; it sees no frame of this one.
SKEP_INLINE const Step* tail_call(const Step* at, State& state, u64& last) {
  auto& r = state.registers;
  const void* target = nullptr;
  if (*state.tail_calls < isa::kTailCallsMax) {
    target = state.image->bindings().tail_call(r[2], static_cast<u32>(r[3]), state.execution);
  }
  if (target == nullptr) {
    last = r[0] = interpret::kTailCallFailed;
    return at + 1;
  }
  ++*state.tail_calls;
  const Image& image = *static_cast<const Image*>(target);
  if (state.depth != 0) {
    r[0] = run_nested(image, r[1], state);
    return is_stopped(state) ? nullptr : leave(state);
  }
  state.image = &image;
  state.loops = interpret::kLoopsMax;
  return image.entry();
}

}  // namespace skep::threaded
