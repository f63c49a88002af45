// What the verifier knows at one point of one path: registers, stack frames, and the records still
// to be given back.
//
// A Value is a number or a pointer into some region. A pointer's place in its region is `offset`
// plus the variable part `number`; pointers with the same `id` share that variable part, so that a
// bound proved for one of them holds for all. States are compared by inclusion (covers()): a path
// that arrives with less than what was already proved need not be walked again.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

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

struct Value {
  Kind kind = Kind::unset;
  Null null = Null::no;
  u8 frame = 0;  // stack: which frame
  Precise precise = Precise::no;
  Trust trust = Trust::none;
  bool read_only = false;  // memory
  s32 map = -1;            // map, map_value, map_key: number of the map
  u32 type = 0;            // kernel, iterator: BTF type id; dynptrs and slices: DynptrKind
  // Number of the Held that it is, or is part of; 0: of none. Of maps in maps and what is in them:
  // which look-up gave the map.
  u32 reference = 0;
  u32 id = 0;       // numbers: equal ids are equal values; pointers: see above; 0 is no one's
  u32 range = 0;    // packet, packet_meta: bytes proved to be there; record: its size
  u32 lost_at = 0;  // unset and number: one more than the instruction that made the pointer invalid
  s64 offset = 0;   // pointers: the fixed part
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
  bool is_number() const { return kind == Kind::number; }
  bool is_null() const { return is_number() && number.is_constant() && number.value() == 0; }
  bool is_pointer() const { return kind != Kind::number && kind != Kind::unset; }
  bool is_at_start() const { return offset == 0 && number.is_constant() && number.value() == 0; }
  bool is_packet() const { return kind == Kind::packet || kind == Kind::packet_meta; }
};

// Eight bytes of a frame, in which single bytes may be set.
struct StackSlot {
  u8 set = 0;      // by byte: written
  u8 spilled = 0;  // bytes of `value` that are here, from byte 0: 0, 1, 2, 4 or 8
  u8 zero = 0;     // by byte, behind those: written, and 0
  Value value;     // what was spilled

  friend bool operator==(const StackSlot&, const StackSlot&) = default;
  bool is_untouched() const { return set == 0; }
  bool holds_object() const { return spilled != 0 && is_stack_object(value.kind); }
};

inline constexpr u32 kSlotBytes = 8;
inline constexpr u32 kStackSlots = isa::kStackBytes / kSlotBytes;

// The slots of a frame that were written so far, shared by copies of the frame until one of them
// changes: paths fork often and write to the stack seldom.
class Slots {
 public:
  std::size_t size() const { return shared_ == nullptr ? 0 : shared_->size(); }
  const StackSlot& operator[](std::size_t number) const { return (*shared_)[number]; }
  // Whether these are surely the same.
  bool are(const Slots& other) const { return shared_ == other.shared_; }
  // For changes; the slot is made when it is not there yet.
  StackSlot& edit(std::size_t number) {
    if (shared_ == nullptr) {
      shared_ = std::make_shared<std::vector<StackSlot>>();
    } else if (shared_.use_count() > 1) {
      shared_ = std::make_shared<std::vector<StackSlot>>(*shared_);
    }
    if (shared_->size() <= number) shared_->resize(number + 1);
    return (*shared_)[number];
  }

 private:
  std::shared_ptr<std::vector<StackSlot>> shared_;
};

// How a function was entered: by a call, behind which its caller goes on, or by a helper, whose
// call is walked again when the callback returns.
// A function that a timer calls is entered by nobody: it is walked on its own.
enum class Entered : u8 { by_call, as_callback, later };

struct Frame {
  u32 function = 0;                   // number in Program::functions
  isa::InstructionIndex return_to{};  // in the caller
  Entered entered = Entered::by_call;
  u32 rounds = 0;  // how often the callback of the call that is being walked was walked
  std::array<Value, isa::kRegisters> registers{};
  Slots slots;  // [0] is the one right below the frame's end

  // The slot that holds byte `offset` (negative, relative to the frame's end).
  static u32 slot_of(s64 offset) { return static_cast<u32>((-offset - 1) / kSlotBytes); }
  static u32 byte_of(s64 offset) {
    return static_cast<u32>(offset + isa::kStackBytes) % kSlotBytes;
  }
};

enum class What : u8 {
  reference,
  lock,
  resilient_lock,             // one that may be refused (bpf_res_spin_lock)
  resilient_lock_interrupts,  // the same, taken with interrupts disabled
};

// In place of a map: the lock is in an object of the program's own.
inline constexpr s32 kOwnLock = -2;

// What a path was given and has to give back: a ring record, a socket, a kernel object; or a lock
// that it took.
struct Held {
  // Reference: the Value::reference of all that belong to it. Lock: the Value::id of the map value
  // that it is in.
  u32 id = 0;
  isa::InstructionIndex acquired_at{};
  What what = What::reference;
  s32 map = -1;  // lock: number of the map, or kOwnLock
  // Iterator: its part of State::rounds. One that is made anew is no round of the one before.
  u32 rounds = 0;
};

// Parts of the program in which others wait for it, or may not interrupt it: each is to be left
// before the program ends (sections.cpp).
struct Sections {
  bool rcu = false;               // in an RCU read section; they do not nest
  u32 preemption = 0;             // how often preemption was disabled
  std::vector<u32> interrupts{};  // ids of the flags that were saved, the last one innermost

  bool any() const { return rcu || preemption != 0 || !interrupts.empty(); }
  friend bool operator==(const Sections&, const Sections&) = default;
};

struct State {
  std::vector<Frame> frames;
  std::vector<Held> held;
  Sections sections;
  u32 rounds = 0;  // how often a may_goto was not taken

  Frame& frame() { return frames.back(); }
  const Frame& frame() const { return frames.back(); }
  std::array<Value, isa::kRegisters>& registers() { return frames.back().registers; }
  const std::array<Value, isa::kRegisters>& registers() const { return frames.back().registers; }

  // Whether the next exit leaves the program: global functions are walked on their own, but called.
  bool in_main() const { return frames.size() == 1 && frames.front().function == 0; }

  // Calls `visit` for every register and spilled value of every frame.
  template <class Visit>
  void for_each_value(Visit visit) const {
    for (const Frame& frame : frames) {
      for (const Value& value : frame.registers) visit(value);
      for (std::size_t s = 0; s < frame.slots.size(); ++s) {
        if (frame.slots[s].spilled != 0) visit(frame.slots[s].value);
      }
    }
  }

  // Calls `change` for those of them that `matches` says yes to.
  template <class Matches, class Change>
  void change_values(Matches matches, Change change) {
    for (Frame& frame : frames) {
      for (Value& value : frame.registers) {
        if (matches(std::as_const(value))) change(value);
      }
      for (std::size_t s = 0; s < frame.slots.size(); ++s) {
        const StackSlot& slot = frame.slots[s];
        if (slot.spilled != 0 && matches(slot.value)) change(frame.slots.edit(s).value);
      }
    }
  }
};

// What of a state is compared: the registers that are live, one set a frame, and the slots that may
// be read.
struct Relevant {
  std::span<const Registers> registers;
  const SlotSets& slots;
};

// Whether everything that can happen from `now` was covered when `before` was proved: `now` is
// included in it in all that is relevant and, for numbers, precise.
bool covers(const State& before, const State& now, const Relevant& relevant);

// Whether every concrete state of `now` is one of `before`, whatever was proved of `before` so far:
// all numbers and all slots count. A loop that comes back to `before` so needs no further rounds.
bool includes(const State& before, const State& now, std::span<const Registers> live);

// Whether no loop that ends by itself went on between the two, so that being alike means forever.
bool same_rounds(const State& before, const State& now);

// Numbers that differ between two rounds of a loop and on which nothing stood may be anything from
// now on, so that the rounds become alike (widen_imprecise_scalars in the kernel).
void widen(const State& before, State& now);

// Whether two states are the same but for dead registers: on one path that means an infinite loop.
bool unchanged(const State& before, const State& now, std::span<const Registers> live);

// In words, for reports: "a number, 0 to 255", "packet + 14 (34 bytes proved)".
std::string describe(const Value& value);

}  // namespace skep::verify
