// What threaded code is made of, and what runs it.
//
// A Step is one operation with the address of the function that runs it (its handler), which ends
// in a jump to the handler of the next Step: there is no loop and no table in between. What a
// handler is handed stays in machine registers: the Step, the State, and `last`, the value that was
// computed last. The next operation nearly always wants it, and takes it from there instead of from
// the State, where it would have to be written first.
//
// clang makes jumps of the calls whatever the optimisation, with a calling convention that saves
// nothing (musttail, preserve_none). For other compilers each handler returns the next Step to a
// loop.
#pragma once

#include <array>
#include <cstddef>

#include "interpret/interpret.hpp"
#include "jit/operation.hpp"

#if defined(__clang__) && __has_cpp_attribute(clang::musttail) && \
    __has_cpp_attribute(clang::preserve_none) && (defined(__x86_64__) || defined(__aarch64__))
#define SKEP_TAIL_CALLS 1
#define SKEP_HANDLER __attribute__((preserve_none))
#else
#define SKEP_TAIL_CALLS 0
#define SKEP_HANDLER
#endif

namespace skep::threaded {

class Image;
struct Step;

// What a local call saves.
struct Frame {
  const Step* back;
  std::array<u64, 4> saved;  // r6 to r9
  u64 loops;
};

// A run.
struct State {
  std::array<u64, jit::kOperands> registers;  // those of BPF, and the temporary one
  u64 last = 0;                               // between handlers that return
  void* execution = nullptr;
  const Image* image = nullptr;
  u64 loops = 0;  // what may_goto has left in this frame
  u32 depth = 0;
  u32* tail_calls = nullptr;  // of the whole run
  std::array<Frame, isa::kRunFramesMax> frames;
};
static_assert(offsetof(State, registers) == 0);

#if SKEP_TAIL_CALLS
using Run = u64(SKEP_HANDLER*)(const Step* at, State* state, u64 last);
#else
using Run = const Step* (*)(const Step* at, State* state);
#endif

// Registers are their offsets in the State, in bytes.
struct Step {
  Run run = nullptr;
  u8 dst = 0;      // of stores: the scale of the index
  u8 left = 0;     // of accesses: the base
  u8 right = 0;    // of loads: the scale of the index
  u8 index = 0;    // of selects: the register that is moved
  s32 offset = 0;  // of branches and selects: the number that is compared with
  u64 wide = 0;    // the immediate, or an address: of a Step, a helper, the shape of an array
};
static_assert(sizeof(Step) == 24);

}  // namespace skep::threaded
