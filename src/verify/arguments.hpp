// The call of a helper, and its arguments, against its row of platform/helpers.hpp.
//
// Each argument is checked on its own, from r1 on; what the first ones showed (which map, how many
// bytes) decides what later ones may be and what the call returns. So a Call is carried along.
#pragma once

#include "platform/helpers.hpp"
#include "verify/stack_objects.hpp"

namespace skep::verify {

// What the arguments of one call have shown so far.
struct Call {
  const platform::HelperRow& helper;
  isa::InstructionIndex at;
  s32 map = -1;           // its map argument
  u32 bytes = 0;          // its constant size
  bool is_there = false;  // the element that is looked up
  u64 size_max = 0;       // of its memory, in bytes
  u32 given_back = 0;     // the reference that it takes
  u32 inherited = 0;      // the reference of its socket, which belongs to what it returns as well
  s32 function = -1;      // the program's function that it calls
  std::optional<Dynptr> dynptr{};   // its dynptr
  u32 dynptr_given_back = 0;        // the reference of a dynptr that it takes
  u32 map_reference = 0;            // which look-up gave that map, if it is in a map
  bool timer = false;               // the map was known by a timer in its value
  const MapField* field = nullptr;  // of an exchange: the place
  Value per_cpu{};                  // what is to be looked at on one CPU
};

// The helper that an instruction calls, which the program may call.
Check check_helper(const Analysis& analysis, isa::InstructionIndex at,
                   const platform::HelperRow*& helper);
// Its call in two parts: what the arguments must be, and what the state is behind it.
Check check_call(Analysis& analysis, State& state, Call& call);
void finish_call(Analysis& analysis, State& state, const Call& call);
// r0 behind the call, and what the path holds from then on.
void set_result(Analysis& analysis, State& state, const Call& call);

// "argument 1 of bpf_x is to be `wanted`"
Refusal bad_argument(const Call& call, u8 r, const State& state, std::string_view wanted);
Check not_null(const State& state, u8 r);

Check check_argument(Analysis& analysis, State& state, Call& call, u8 r);

}  // namespace skep::verify
