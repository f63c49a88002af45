// Objects that the kernel's functions keep on the program's stack: dynptrs, iterators, saved
// interrupt flags.
//
// An object takes whole slots; in each stands a Value of its kind, numbered by `offset` from the
// object's lowest address on. Programs do not see inside: they hand its address to the functions
// that know it. Reading its bytes is refused, and writing them destroys it, which is refused of a
// dynptr with a record to give back. The rules are those of STACK_DYNPTR, STACK_ITER and
// STACK_IRQ_FLAG in kernel/bpf/verifier.c of Linux 6.18.
#pragma once

#include "verify/analysis.hpp"

namespace skep::verify {

// What the memory of a dynptr is.
enum class DynptrKind : u32 {
  none,
  local,       // in a map's value
  record,      // of a ring buffer: to be given back
  packet,      // of an skb, or its metadata: lost when the packet moves
  xdp_packet,  // what is written through one does not move it
};

struct Dynptr {
  DynptrKind kind = DynptrKind::none;
  u32 id = 0;                // its identity: the `reference` of its slices
  u32 reference = 0;         // of a record
  bool is_constant = false;  // handed to a callback
};

// Where an object is: `count` slots of a frame, the first of them at its lowest address.
struct ObjectPlace {
  u8 frame = 0;
  u32 first = 0;
  u32 count = 0;

  u32 slot(u32 number) const { return first - number; }
};

// The place of `count` slots that a register points to; none where it cannot hold an object.
std::optional<ObjectPlace> object_place(const Value& pointer, u32 count);
// The first slot of a whole object of this kind that the place holds, or null; it is noted as read.
const Value* object_at(Analysis& analysis, const State& state, const ObjectPlace& place, Kind kind);
// Whether one of the slots is part of an object of this kind.
bool touches_object(const State& state, const ObjectPlace& place, Kind kind);
// Puts an object there: `value` is that of its first slot. What stood there is destroyed.
Check put_object(Analysis& analysis, State& state, const ObjectPlace& place, const Value& value);
void remove_object(Analysis& analysis, State& state, const ObjectPlace& place);

// Before bytes of a frame are read or written past the functions that know the objects: slots are
// numbers of a bit set.
Check check_no_object(const Frame& frame, u64 slots);
Check destroy_objects(State& state, u8 frame, u64 slots);
// The same, where a helper writes: it may not write over dynptrs.
Check overwrite_objects(State& state, u8 frame, u64 slots);

}  // namespace skep::verify
