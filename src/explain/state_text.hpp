// What the verifier knows, in the notation of the kernel's log: `R1=ctx() R10=fp0 fp-8=mmmm????`.
//
// Registers that hold nothing are left out; numbers show what is known of them beyond what their
// other views say. Follows print_verifier_state() and print_reg_state() in kernel/bpf/log.c of
// Linux 6.18. What the kernel marks and we keep elsewhere (P, for precise) is not shown.
#pragma once

#include <string>

#include "platform/program.hpp"
#include "verify/state.hpp"

namespace skep::explain {

// `frame`: the number of the frame in which it is read, for pointers into another one.
std::string kernel_text(const platform::Program& program, const verify::Value& value, u32 frame);

// "umax=255,var_off=(0x0; 0xff)": empty for a number of which nothing is known.
std::string ranges_text(const verify::Scalar& scalar);

// What of a frame is shown.
struct Shown {
  verify::Registers registers = 0;
  u64 slots = 0;
};
inline constexpr Shown kAll{static_cast<verify::Registers>(~0u), ~u64{0}};

// " R1=ctx() R10=fp0 fp-8=5", with "frame1:" in front where it is not the first; empty when nothing
// of it is set.
std::string kernel_text(const platform::Program& program, const verify::State& state, u32 frame,
                        const Shown& shown = kAll);

}  // namespace skep::explain
