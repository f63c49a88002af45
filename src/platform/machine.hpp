// What compiled and interpreted programs find at run time: the binary interface between programs
// and the engine.
//
// Both the interpreter and the JITs take a Bindings; whoever runs programs (the user engine, a
// test) fills one. A program is entered with the address of its context and an Execution, an opaque
// pointer that helpers get back.
#pragma once

#include <array>
#include <span>

#include "base/enum_array.hpp"
#include "base/types.hpp"
#include "platform/helpers.hpp"
#include "platform/kernel_functions.hpp"

namespace skep::platform {

// A helper's body. r1 to r5 as the program set them; `execution` is what the program was entered
// with.
using HelperBody = u64 (*)(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, void* execution);

// Looks up the program that a tail call goes to: its entry (JIT) or image (interpreter), or null
// when the call fails and the program goes on with r0 = -1. `map` is the run-time address of a
// prog_array. The engines count: a run's 34th tail call fails without being looked up.
using TailCallTarget = const void* (*)(u64 map, u64 index, void* execution);

// The body of legacy packet loads: the big-endian value of 1, 2 or 4 bytes at `offset`, or -1 to
// leave the function with 0 (RFC 9669, 5.5; negative offsets are relative to headers, see the
// kernel's sk_filter).
using PacketLoad = s64 (*)(u64 context, s32 offset, u32 bytes, void* execution);

// Where the values of an array map stand, for look-ups that the JIT makes in place. A map whose
// look-up is anything else (another kind, inner maps) has none.
struct ArrayShape {
  u64 values = 0;      // address of element 0; of a per-CPU array: that of CPU 0
  u32 stride = 0;      // bytes from one element to the next
  u32 entries = 0;     // 0: not such a map
  u64 cpu_stride = 0;  // of a per-CPU array: bytes from one CPU's elements to the next one's
};

// The look-up of one map, for calls that were proved to be in that map: the address of the value of
// the key at `key`, or null.
using MapLookup = u64 (*)(u64 map, u64 key);

// Who else may touch the values of maps while a program runs. `nobody`: one thread runs all
// programs and reads all maps, so that an atomic operation is one that is a single instruction.
enum class Sharing : u8 { threads, nobody };

// What is left of a run's budget, and where the run was stopped, in the memory of an Execution.
// Written by compiled and threaded code; a checked run counts for itself.
struct Budget {
  u64 instructions = 0;
  u32 program = 0;  // Bindings::program of the program that stopped
  u32 stopped_at = kNotStopped;

  static constexpr u32 kNotStopped = ~0u;  // no number of an instruction
};

// Where a program finds the arena that it names. A pointer into it is the lower half of an address;
// what it points to is at base + pointer, which may be touched whatever the pointer, up to 32 KiB
// beyond. As user space sees it, its upper half is that of user_begin.
struct ArenaPlace {
  u64 base = 0;
  u64 user_begin = 0;
};

struct Bindings {
  std::span<const u64> maps;  // by number of the map: what a map constant becomes
  std::span<const u64>
      map_values;  // by number of the map: address of its first value, 0 when it has none
  std::span<const ArrayShape> arrays;  // by number of the map; may be empty
  std::span<const MapLookup> lookups;  // by number of the map; null: it has only the helper's; may
                                       // be empty
  Sharing sharing = Sharing::threads;
  u32 cpu_offset = 0;  // where an Execution has the CPU's number, a u32, for per-CPU arrays
  // Where an Execution keeps the stack pointer that bpf_throw() goes back to, a u64, for compiled
  // programs that throw.
  u32 unwind_offset = 0;
  // Whether each block of instructions is paid for from a Budget, and where an Execution has it.
  bool pays = false;
  u32 budget_offset = 0;
  u32 program = 0;
  ArenaPlace arena{};
  std::array<HelperBody, kHelpersMax> helpers{};
  std::array<HelperBody, kCount<UserFunction>> kernel_functions{};  // all but throw_exception
  TailCallTarget tail_call = nullptr;
  PacketLoad packet_load = nullptr;
};

// From `offset` to that of the next one, machine code was made from `instruction`.
struct CodePlace {
  u32 offset;
  u32 instruction;  // of BPF
};

// What r1 of a packet program points to. `fields` has the numbers of struct xdp_md or struct
// __sk_buff at their own offsets; the pointers, which are four bytes there, stand behind it in full
// (ContextField::runtime_offset).
struct PacketContext {
  alignas(8) std::array<u8, 192> fields{};
  u64 data = 0;        // first byte of the packet
  u64 data_end = 0;    // one behind the last
  u64 data_meta = 0;   // metadata in front of data; equal to data when there is none
  u64 buffer = 0;      // the memory that the packet may grow into: first byte
  u64 buffer_end = 0;  // and one behind the last
};

}  // namespace skep::platform
