// What the verifier knows of one register or spilled value.
//
// A Value is a number or a pointer into some region. A pointer's place in its region is `offset`
// plus the variable part `number`; pointers with the same `id` share that variable part, so that a
// bound proved for one of them holds for all.
#pragma once

#include <array>
#include <string>

#include "isa/instruction.hpp"
#include "verify/scalar.hpp"

namespace skep::verify {

enum class Kind : u8 {
  unset,  // never written, or lost
  number,
  context,      // what r1 points to at the start
  stack,        // of frame `frame`; offset is relative to that frame's end, so negative inside it
  packet,       // the packet's data; `range` bytes from its base are there
  packet_meta,  // the metadata in front of it
  packet_end,
  map,  // a map itself
  map_value,
  map_key,  // what a callback of for_each_map_elem gets; read only
  record,   // a ring record of `range` bytes that is not yet given back
  memory,   // `range` bytes: what a global function was given, or a helper gave
  arena,    // the lower half of an address; nothing else is known of it
  // Structures with fields of their own (platform/objects.hpp), which are read only.
  flow_keys,
  socket_common,
  socket,
  tcp_socket,
  xdp_socket,
  kernel,          // a structure of the kernel: of BTF type `type`
  own,             // an object of the program's own BTF type `type`
  kernel_per_cpu,  // a variable of each CPU: of the kernel's BTF type `type`
  own_per_cpu,     // an object of each CPU: of the program's own BTF type `type`
  function,        // of the program: number `map`
  dynptr,          // a struct bpf_dynptr that a callback was given
  // Objects in stack slots (stack_objects.hpp); no register holds one.
  dynptr_object,
  iterator,
  interrupt_flags,
  count_
};

constexpr bool is_stack_object(Kind kind) {
  return kind == Kind::dynptr_object || kind == Kind::iterator || kind == Kind::interrupt_flags;
}

// A set of registers: bit r is r.
using Registers = u16;
constexpr Registers bit(u8 r) { return static_cast<Registers>(1u << r); }
inline constexpr Registers kArguments = 0b111110;  // r1 to r5

// A set of stack slots for each frame: bit s is slot s.
using SlotSets = std::array<u64, isa::kFramesMax>;

// Whether something that was proved stood on the value of a number, not only on its being one
// (precision.hpp).
enum class Precise : u8 { no, yes };

// What a pointer may be besides a pointer.
enum class Null : u8 { no, maybe };

// What a pointer into the kernel is good for.
enum class Trust : u8 {
  none,       // it led there once: reads are made so that they cannot fail
  rcu,        // while the RCU section lasts
  reference,  // while it is held, or for all of the program
  untrusted,  // for nothing but reads of that kind; what they give is the same
};

// Where a packet pointer was found to be, when it was compared with the packet's end.
enum class PacketEnd : u8 {
  unknown,
  reached,  // there or behind it
  passed,   // behind it
};

struct Value {
  Kind kind = Kind::unset;
  Null null = Null::no;
  u8 frame = 0;  // stack: which frame
  Precise precise = Precise::no;
  Trust trust = Trust::none;
  bool read_only = false;              // memory
  PacketEnd end = PacketEnd::unknown;  // packet
  bool is_low = false;  // numbers with an id: the sum with `offset` is one of 32 bits
  s32 map = -1;         // map, map_value, map_key: number of the map
  u32 type = 0;         // kernel, iterator: BTF type id; dynptrs and slices: DynptrKind
  // Number of the Held that it is, or is part of; 0: of none. Of maps in maps and what is in them:
  // which look-up gave the map.
  u32 reference = 0;
  // Numbers: those of one id are equal but for their `offset`; pointers: see above; 0 is no one's.
  u32 id = 0;
  u32 range = 0;    // packet, packet_meta: bytes proved to be there; record: its size
  u32 lost_at = 0;  // unset and number: one more than the instruction that made the pointer invalid
  s64 offset = 0;   // pointers: the fixed part; numbers with an id: see there
  Scalar number;    // numbers: the value; pointers: the variable part of the offset

  friend bool operator==(const Value&, const Value&) = default;
  static Value unset_value() { return {}; }
  static Value of_number(const Scalar& scalar) {
    Value value;
    value.kind = Kind::number;
    value.number = scalar;
    return value;
  }
  static Value pointer(Kind kind) {
    Value value;
    value.kind = kind;
    value.number = Scalar::constant(0);
    return value;
  }
  // Of a number: it is related to no other.
  void unlink() {
    id = 0;
    offset = 0;
    is_low = false;
  }
  bool is_number() const { return kind == Kind::number; }
  bool is_null() const { return is_number() && number.is_constant() && number.value() == 0; }
  bool is_pointer() const { return kind != Kind::number && kind != Kind::unset; }
  bool is_at_start() const { return offset == 0 && number.is_constant() && number.value() == 0; }
  bool is_packet() const { return kind == Kind::packet || kind == Kind::packet_meta; }
};

// In words, for reports: "a number, 0 to 255", "packet + 14 (34 bytes proved)".
std::string describe(const Value& value);

}  // namespace skep::verify
