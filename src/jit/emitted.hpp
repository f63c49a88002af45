// What every target takes and gives besides operations, whatever the machine.
//
// A target (jit/x86_64/, jit/aarch64/) writes bytes only, so all of them are built and tested on
// every host; jit/target.hpp names the one that code is made for. Here stands what they share: the
// form of their result, what a confined run has in common with its code, and questions about a Unit
// that each of them asks.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "jit/operation.hpp"
#include "platform/machine.hpp"

namespace skep::jit {

// What a confined run shares with its code.
struct State {
  u64 fuel = 0;
  u64 loops = 0;          // what may_goto has left in this frame
  u64 stack_pointer = 0;  // where a trap goes back to
  u64 address = 0;        // of a trap
  u32 instruction = 0;
  u32 trap = 0;  // an interpret::Trap
};

// What confined code may touch.
struct Confines {
  u64 memory = 0;
  u64 memory_bytes = 0;
  u64 stack_end = 0;
};

struct Label {
  u32 number;

  constexpr Label operator+(u32 more) const { return {number + more}; }  // one made along with it
};

// A place in code whose jumps have no lengths yet.
struct Place {
  u32 at = 0;     // in what stands without any jump
  u32 jumps = 0;  // how many stand before it
};

// The places of code that somebody asks for: those of labels, and where instructions begin.
class Places {
 public:
  Label make_labels(u32 count) {  // the first of them
    const Label first{static_cast<u32>(labels_.size())};
    labels_.resize(labels_.size() + count);
    return first;
  }
  void bind(Label label, Place here) { labels_[label.number] = here; }
  const Place& operator[](u32 label) const { return labels_[label]; }

  // What follows is code of that instruction of the program.
  void mark(u32 instruction, Place here) {
    if (marks_.empty() || marks_.back().instruction != instruction)
      marks_.push_back({here, instruction});
  }
  u32 marked() const { return marks_.back().instruction; }  // precondition: something is

  void reserve(std::size_t labels, std::size_t marks) {
    labels_.reserve(labels);
    marks_.reserve(marks);
  }

  // The offsets of all, once jumps have lengths.
  template <class Offset>
  void resolve(Offset offset, std::vector<u32>& labels,
               std::vector<platform::CodePlace>& places) const {
    labels.reserve(labels_.size());
    for (const Place& each : labels_) labels.push_back(offset(each));
    places.reserve(marks_.size());
    for (const auto& [place, instruction] : marks_) places.push_back({offset(place), instruction});
  }

 private:
  struct Mark {
    Place place;
    u32 instruction;
  };
  std::vector<Place> labels_;
  std::vector<Mark> marks_;
};

// A direct call at `offset` of the linked code that must reach `target`, once the code has an
// address.
struct OutsideCall {
  u32 offset;
  u64 target;
};

struct Linked {
  std::vector<u8> code;
  std::vector<u32> labels;  // offsets, by number of the label
  std::vector<OutsideCall> calls;
  std::vector<platform::CodePlace> places;
};

struct Emitted {
  Linked linked;
  u32 entry = 0;  // offsets into the code
  u32 tail_entry = 0;
  std::vector<u32> functions;  // one each
};

// What code pages and symbols ask of a target.
struct Machine {
  u16 elf_machine = 0;        // e_machine of ELF files
  u64 reservation_bytes = 0;  // of addresses for all code of a process
  u64 near_bytes = 0;         // code this far below the engine reaches all of it by direct calls
  u8 filler = 0;              // a byte that stops whoever runs into a word of it
};

// Where a target has put what the others ask for.
struct Entries {
  Label program;
  Label blocks;  // the first of as many as there are blocks; bound are those that begin functions
};
Emitted emitted_of(const Unit& unit, Linked linked, const Entries& entries);

// What the code of a Unit keeps in registers for all of its functions.
struct Needs {
  bool execution = false;   // calls hand it on, or an operation reads the CPU's number from it
  bool tail_calls = false;  // the run's counter
  bool throws = false;
  bool unwinds = false;  // the frame of the program's own function saves all that any may use
};
Needs needs_of(const Unit& unit);

// What a call_helper calls; null: nothing is bound.
platform::HelperBody body_of(const Operation& call, const platform::Bindings& bindings);

// Whether code that ends `block` runs into `target`: nothing stands between them.
bool falls_into(const Unit& unit, u32 block, u32 target);

// The accesses that a fill or a copy is made of: the widest there are, and the last one over a part
// of the one before where that saves some. `emit(at, bytes)`: `at` from the first byte.
template <class Emit>
void pieces(const Operation& op, Emit emit) {
  u32 piece = op.piece;
  for (u32 at = 0; at < op.target;) {
    const u32 left = op.target - at;
    while (piece > left && piece > 1 && !(at != 0 && left > piece / 2)) piece /= 2;
    if (piece > left) at = op.target - piece;
    emit(at, piece);
    at += piece;
  }
}

// The immediate as an operation sees it: sign-extended to 64 bits, or its lower 32.
constexpr u64 immediate_of(const Operation& op) {
  return op.width == isa::Width::w64 ? static_cast<u64>(op.immediate)
                                     : static_cast<u32>(op.immediate);
}

}  // namespace skep::jit
