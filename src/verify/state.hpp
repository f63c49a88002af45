// What the verifier knows at one point of one path: registers, stack frames, and the records still
// to be given back.
//
// States are compared by inclusion (covers()): a path that arrives with less than what was already
// proved need not be walked again.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "verify/frame.hpp"

namespace skep::verify {

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
  Frames frames;
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
    for (std::size_t f = 0; f < frames.size(); ++f) {
      const Frame& frame = frames[f];
      for (const Value& value : frame.registers) visit(value);
      for (std::size_t s = 0; s < frame.slots.size(); ++s) {
        if (frame.slots[s].spilled != 0) visit(frame.slots[s].value);
      }
    }
  }

  // Calls `change` for those of them that `matches` says yes to.
  template <class Matches, class Change>
  void change_values(Matches matches, Change change) {
    const Frames& now = frames;
    for (std::size_t f = 0; f < now.size(); ++f) {
      for (std::size_t r = 0; r < isa::kRegisters; ++r) {
        if (matches(now[f].registers[r])) change(frames[f].registers[r]);
      }
      for (std::size_t s = 0; s < now[f].slots.size(); ++s) {
        const StackSlot& slot = now[f].slots[s];
        if (slot.spilled != 0 && matches(slot.value)) change(frames[f].slots.edit(s).value);
      }
    }
  }
};

// What makes states differ whose programs are loaded without all capabilities.
struct Strictness {
  bool pointers_apart =
      false;                   // a saved pointer is not like any bytes: it must not be read as such
  bool exact_numbers = false;  // as the kernel does where it masks additions (explore_alu_limits)
};

// What of a state is compared: the registers that are live, one set a frame, and the slots that may
// be read.
struct Relevant {
  std::span<const Registers> registers;
  const SlotSets& slots;
  Strictness strictness = {};
};

// Whether everything that can happen from `now` was covered when `before` was proved: `now` is
// included in it in all that is relevant and, for numbers, precise.
bool covers(const State& before, const State& now, const Relevant& relevant);

// Whether every concrete state of `now` is one of `before`, whatever was proved of `before` so far:
// all numbers and all slots count. A loop that comes back to `before` so needs no further rounds.
bool includes(const State& before, const State& now, std::span<const Registers> live,
              Strictness strictness = {});

// Whether no loop that ends by itself went on between the two, so that being alike means forever.
bool same_rounds(const State& before, const State& now);

// Numbers that differ between two rounds of a loop and on which nothing stood may be anything from
// now on, so that the rounds become alike (widen_imprecise_scalars in the kernel).
void widen(const State& before, State& now);

// Whether two states are the same but for dead registers: on one path that means an infinite loop.
bool unchanged(const State& before, const State& now, std::span<const Registers> live);

}  // namespace skep::verify
