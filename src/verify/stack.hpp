// The bytes of stack frames: which are set, and where pointers and numbers are spilled.
//
// Each byte of a frame is unset or set; a slot of eight bytes may remember the Value that was
// stored into it from its first byte on. A pointer survives only while all eight of its bytes do: a
// partial overwrite turns the rest into numbers, never the reverse. Through a pointer with a
// variable offset only numbers are read, and what it writes may have hit any slot in reach.
#pragma once

#include "verify/analysis.hpp"

namespace skep::verify {

// Inside the frame, and aligned when the place is known.
Check check_stack(const Value& pointer, s64 offset, u32 bytes, u8 r);

// Whether `bytes` bytes from there on are aligned to their number, wherever the pointer was moved
// to.
bool is_aligned(const Value& pointer, s64 offset, u32 bytes);

Check load_stack(Analysis& analysis, State& state, const Value& pointer, const isa::Instruction& i,
                 Value& out);
// The number that is known to stand in `bytes` bytes behind a pointer; what was proved stands on
// it.
std::optional<u64> constant_on_stack(Analysis& analysis, const State& state, const Value& pointer,
                                     u32 bytes);
Check store_stack(Analysis& analysis, State& state, const Value& pointer, const isa::Instruction& i,
                  const Value& stored);
// A read and a write of one number.
Check update_stack(Analysis& analysis, State& state, const Value& pointer,
                   const isa::Instruction& i);

// For helpers: every byte that may be read is set; the bytes that are surely written are set
// afterwards.
Check check_stack_set(Analysis& analysis, State& state, const Value& pointer, u64 bytes, u8 r);
Check fill_stack(Analysis& analysis, State& state, const Value& pointer, Extent extent);

// A global function gets this memory and may read and write all of it. What was never written is
// zero then, because the frame is zeroed on entry.
Check hand_over_stack(Analysis& analysis, State& state, const Value& pointer, u32 bytes);

}  // namespace skep::verify
