// What handlers do: one function a family, in which the shape is a constant, so that the row of an
// instruction table that it names is bound there and compiles to the operation itself.
//
// A body gives the Step that comes next. `last` is the value that was computed last, and becomes
// the one that the body computes.
#pragma once

#include <atomic>
#include <bit>
#include <cstring>
#include <tuple>
#include <type_traits>

#include "threaded/shape.hpp"
#include "threaded/step.hpp"

#define SKEP_INLINE [[gnu::always_inline]] inline

namespace skep::threaded {

// ---- operands ----

SKEP_INLINE u64& at_register(State& state, u8 offset) {
  return *reinterpret_cast<u64*>(reinterpret_cast<std::byte*>(&state) + offset);
}

template <Operands operands>
SKEP_INLINE u64 left_of(const Step* at, State& state, u64 last) {
  if constexpr (operands == Operands::last_reg || operands == Operands::last_number) return last;
  return at_register(state, at->left);
}

template <Operands operands>
SKEP_INLINE u64 right_of(const Step* at, State& state, u64 last, u64 number) {
  if constexpr (operands == Operands::reg_number || operands == Operands::last_number)
    return number;
  if constexpr (operands == Operands::reg_last) return last;
  return at_register(state, at->right);
}

template <Shape shape>
SKEP_INLINE void give(const Step* at, State& state, u64& last, u64 value) {
  last = value;
  if constexpr (static_cast<Keeps>(shape.variant) == Keeps::yes) {
    at_register(state, at->dst) = value;
  }
}

// ---- arithmetic ----

template <Shape shape>
SKEP_INLINE const Step* binary(const Step* at, State& state, u64& last) {
  constexpr auto operands = static_cast<Operands>(shape.operands);
  const u64 left = left_of<operands>(at, state, last);
  const u64 right = right_of<operands>(at, state, last, at->wide);
  if constexpr (shape.row == kRotate) {
    const auto count = static_cast<int>(at->wide);
    if constexpr (shape.width == 0) {
      give<shape>(at, state, last, std::rotl(static_cast<u32>(left), count));
    } else {
      give<shape>(at, state, last, std::rotl(left, count));
    }
  } else {
    constexpr auto eval64 = isa::kAlu[static_cast<isa::Alu>(shape.row)].eval64;
    constexpr auto eval32 = isa::kAlu[static_cast<isa::Alu>(shape.row)].eval32;
    if constexpr (shape.width == 0) {
      give<shape>(at, state, last, eval32(static_cast<u32>(left), static_cast<u32>(right)));
    } else {
      give<shape>(at, state, last, eval64(left, right));
    }
  }
  return at + 1;
}

template <Shape shape>
SKEP_INLINE const Step* unary(const Step* at, State& state, u64& last) {
  constexpr auto row = isa::kAlu[static_cast<isa::Alu>(shape.row)];
  constexpr auto eval64 = row.eval64;
  constexpr auto eval32 = row.eval32;
  const u64 value = shape.operands != 0 ? last : at_register(state, at->left);
  if constexpr (row.operands == isa::Operands::byte_order) {
    give<shape>(at, state, last, eval64(value, u64{16} << shape.width));
  } else if constexpr (shape.width == 2) {
    give<shape>(at, state, last, eval64(value, value));
  } else {
    give<shape>(at, state, last, eval32(static_cast<u32>(value), static_cast<u32>(value)));
  }
  return at + 1;
}

template <Shape shape>
SKEP_INLINE const Step* constant(const Step* at, State& state, u64& last) {
  give<shape>(at, state, last, at->wide);
  return at + 1;
}

// ---- memory ----

template <u8 width>
using Unsigned = std::tuple_element_t<width, std::tuple<u8, u16, u32, u64>>;

template <Place place>
SKEP_INLINE u64 address_of(const Step* at, State& state, u64 last, u8 scale) {
  u64 out = static_cast<u64>(s64{at->offset});
  if constexpr (place == Place::last || place == Place::last_index) {
    out += last;
  } else if constexpr (place != Place::absolute) {
    out += at_register(state, at->left);
  }
  if constexpr (place == Place::base_last) {
    out += last << scale;
  } else if constexpr (place == Place::base_index || place == Place::last_index) {
    out += at_register(state, at->index) << scale;
  } else if constexpr (place == Place::absolute) {
    if (at->index != 0xff) out += at_register(state, at->index) << scale;
  }
  return out;
}

template <Shape shape>
SKEP_INLINE const Step* load(const Step* at, State& state, u64& last) {
  constexpr auto row = static_cast<Load>(shape.row);
  using T = Unsigned<shape.width>;
  const u64 address = address_of<static_cast<Place>(shape.operands)>(at, state, last, at->right);
  T value;
  std::memcpy(&value, reinterpret_cast<const void*>(address), sizeof value);
  if constexpr (row == Load::sign) {
    give<shape>(at, state, last, static_cast<u64>(s64{static_cast<std::make_signed_t<T>>(value)}));
  } else if constexpr (row == Load::swapped) {
    give<shape>(at, state, last, isa::detail::swap_bytes(value, 8 * sizeof(T)));
  } else {
    give<shape>(at, state, last, value);
  }
  return at + 1;
}

template <Shape shape>
SKEP_INLINE const Step* store(const Step* at, State& state, u64 last) {
  constexpr auto stored = static_cast<Stored>(shape.operands);
  const u64 address = address_of<static_cast<Place>(shape.row)>(at, state, last, at->dst);
  const u64 from = stored == Stored::last     ? last
                   : stored == Stored::number ? at->wide
                                              : at_register(state, at->right);
  const auto value = static_cast<Unsigned<shape.width>>(from);
  std::memcpy(reinterpret_cast<void*>(address), &value, sizeof value);
  return at + 1;
}

SKEP_INLINE const Step* fill(const Step* at, State& state) {
  const u64 to = at_register(state, at->left) + static_cast<u64>(s64{at->offset});
  std::memset(reinterpret_cast<void*>(to), 0, at->wide);
  return at + 1;
}

SKEP_INLINE const Step* copy(const Step* at, State& state) {
  const u64 from = at_register(state, at->left) + static_cast<u64>(s64{at->offset});
  const auto distance = static_cast<s32>(static_cast<u32>(at->wide));
  const u64 to = at_register(state, at->right) + static_cast<u64>(s64{distance});
  std::memcpy(reinterpret_cast<void*>(to), reinterpret_cast<const void*>(from), at->wide >> 32);
  return at + 1;
}

// A change by one thread that others may see, or that of a thread that is alone.
template <class T, bool shared>
SKEP_INLINE T change(T& memory, u64 source, u64 (*eval)(u64, u64)) {
  if constexpr (!shared) {
    const T before = memory;
    memory = static_cast<T>(eval(before, source));
    return before;
  }
  const std::atomic_ref<T> atomic(memory);
  T before = atomic.load(std::memory_order_relaxed);
  while (!atomic.compare_exchange_weak(before, static_cast<T>(eval(before, source)))) {
  }
  return before;
}

template <Shape shape>
SKEP_INLINE const Step* atomic(const Step* at, State& state, u64& last) {
  using T = Unsigned<shape.width>;
  constexpr auto operation = static_cast<isa::Atomic>(shape.row);
  constexpr auto row = isa::kAtomic[operation];
  constexpr auto eval = row.eval;
  const u64 address = at_register(state, at->left) + static_cast<u64>(s64{at->offset});
  T& memory = *reinterpret_cast<T*>(address);
  const std::atomic_ref<T> shared(memory);
  if constexpr (operation == isa::Atomic::load_acquire) {
    last = shared.load(std::memory_order_acquire);
  } else if constexpr (operation == isa::Atomic::store_release) {
    shared.store(static_cast<T>(at_register(state, at->right)), std::memory_order_release);
  } else if constexpr (operation == isa::Atomic::cmpxchg) {
    T expected = static_cast<T>(state.registers[0]);
    shared.compare_exchange_strong(expected, static_cast<T>(at_register(state, at->right)));
    last = expected;
  } else {
    const T before = change<T, shape.variant != 0>(memory, at_register(state, at->right), eval);
    if constexpr (row.fetch != isa::Fetch::nothing) last = before;
  }
  if constexpr (row.fetch != isa::Fetch::nothing) at_register(state, at->dst) = last;
  return at + 1;
}

// ---- control ----

template <Shape shape>
SKEP_INLINE bool holds(const Step* at, State& state, u64 last) {
  constexpr auto jump = shape.row == kUnset ? isa::Jump::set : static_cast<isa::Jump>(shape.row);
  constexpr auto eval64 = isa::kJump[jump].eval64;
  constexpr auto eval32 = isa::kJump[jump].eval32;
  constexpr auto operands = static_cast<Operands>(shape.operands);
  const u64 left = left_of<operands>(at, state, last);
  const u64 right = right_of<operands>(at, state, last, static_cast<u64>(s64{at->offset}));
  const bool out = shape.width != 0 ? eval64(left, right)
                                    : eval32(static_cast<u32>(left), static_cast<u32>(right));
  return out != (shape.row == kUnset);
}

SKEP_INLINE const Step* target_of(const Step* at) {
  return reinterpret_cast<const Step*>(at->wide);
}

template <Shape shape>
SKEP_INLINE const Step* branch(const Step* at, State& state, u64 last) {
  return holds<shape>(at, state, last) ? target_of(at) : at + 1;
}

template <Shape shape>
SKEP_INLINE const Step* select(const Step* at, State& state, u64& last) {
  constexpr auto moved = static_cast<Moved>(shape.variant);
  const u64 value = moved == Moved::last     ? last
                    : moved == Moved::number ? at->wide
                                             : at_register(state, at->index) & at->wide;
  const bool keeps = holds<shape>(at, state, last);
  u64& dst = at_register(state, at->dst);
  last = keeps ? dst : value;
  dst = last;
  return at + 1;
}

SKEP_INLINE const Step* may_goto(const Step* at, State& state) {
  if (state.loops == 0) return target_of(at);
  --state.loops;
  return at + 1;
}

}  // namespace skep::threaded
