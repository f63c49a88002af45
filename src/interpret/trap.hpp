// Why a checked or confined run stopped before its end, the same in every engine.
//
// Engines report a Trap, a few numbers that machine code can store; the words are put together
// here, once.
#pragma once

#include <optional>
#include <span>

#include "base/types.hpp"
#include "isa/instruction.hpp"
#include "platform/machine.hpp"
#include "skep/result.hpp"

namespace skep::interpret {

enum class Trap : u8 {
  none,
  outside,     // an access outside of the program's memory
  misaligned,  // an atomic operation on an address that its size does not divide
  fuel,        // the run is longer than allowed
  frames,      // more local calls inside each other than there are frames
  helper,      // a call of a helper that is not bound
  packet,      // a packet load without a packet
  count_
};

struct Trapped {
  Trap trap = Trap::none;
  u32 instruction = 0;
  u64 address = 0;  // of the access; of indirect calls, the helper's number
};

// The error that says so. `fuel` is what the run was given.
Error to_error(std::span<const isa::Instruction> code, const Trapped& trapped, u64 fuel);

// What no confined engine can run, found before the run: a write of r10, code that runs off its
// end, kernel functions, casts of arena pointers, constants without a binding. The engines rely on
// it.
Result<void> check_confinable(std::span<const isa::Instruction> code,
                              const platform::Bindings& bindings);

// The 64 bits that a wide constant becomes. No value: nothing is bound for it.
std::optional<u64> resolve_constant(const isa::Instruction& constant,
                                    const platform::Bindings& bindings);

// Whether the program may call helper `id` as a function. Tail calls are not: they are control
// transfers.
bool is_bound(const platform::Bindings& bindings, u64 id);
inline constexpr s64 kTailCallHelper = 12;

// Iterations that may_goto allows a frame (BPF_MAX_LOOPS in include/linux/bpf.h).
inline constexpr u32 kLoopsMax = 8 * 1024 * 1024;
// r0 after a tail call that found no program. Linux leaves it open; skep's engines agree on one
// value.
inline constexpr u64 kTailCallFailed = ~u64{0};

}  // namespace skep::interpret
