// What a function does that those must know of who call it without walking it: itself, through what
// it calls, and through what it names, which may be called back (merge_callee_effects in
// kernel/bpf/verifier.c).
#pragma once

#include "verify/analysis.hpp"

namespace skep::verify {

bool moves_packet(const Analysis& analysis, const platform::Function& function);
// Of a helper; to the kernel a tail call does, too, since what it enters may.
bool moves_packet(const Analysis& analysis, const platform::HelperRow& helper);
bool may_sleep(const platform::Program& program, const platform::Function& function);
// Where it throws, or nothing.
std::optional<isa::InstructionIndex> first_throw(const platform::Program& program,
                                                 const platform::Function& function);
// The width of its widest atomic operation in bytes; 0 without one.
u32 widest_atomic(const platform::Program& program, const platform::Function& function);

}  // namespace skep::verify
