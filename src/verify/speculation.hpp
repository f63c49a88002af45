// What programs may not do whose loader has no CAP_PERFMON, so that a processor that runs ahead of
// what it knows does not read for them what they may not.
//
// The kernel masks the numbers that are added to pointers: where a comparison was guessed wrong,
// the pointer still stays inside. It can do so of pointers into the stack and into values of maps,
// in one way for each instruction, and only if the pointer is inside after each step. So these are
// refused, whether or not somebody reads through them. Source: sanitize_ptr_alu, sanitize_val_alu
// and sanitize_check_bounds in kernel/bpf/verifier.c.
//
// Paths that are only guessed are not walked here: since Linux 6.17 what they do wrong is stopped
// by a barrier and refuses no program (docs/decisions/0032-guessed-paths-are-not-walked.md).
#pragma once

#include "verify/analysis.hpp"

namespace skep::verify {

// Whether a program that is loaded so is masked.
inline bool is_masked(const Limits& limits) {
  return limits.rules == Rules::kernel &&
         !platform::has(limits.capabilities, platform::Right::speculation);
}

// A pointer that is moved by a number: before, by what, and after.
struct Move {
  const Value& pointer;
  const Scalar& number;
  const Value& moved;
  u8 r = 0;  // what the pointer is in
};
Check check_move(Analysis& analysis, isa::InstructionIndex at, const Move& move);

// How states are compared in the walk: what is masked on one path is to be found on all.
inline Strictness strictness_of(const Analysis& analysis) {
  return {.pointers_apart = analysis.hides_addresses(), .exact_numbers = analysis.masks_unknown};
}

// Two numbers that are added or subtracted.
Check check_number_addition(Analysis& analysis, isa::InstructionIndex at);

}  // namespace skep::verify
