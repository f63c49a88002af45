// Which numbers a proof stands on.
//
// Most numbers in a program decide nothing: counters, sums, bytes that are copied. If every number
// were compared, states would hardly ever cover each other. So a number in a kept state counts only
// when something behind it stood on its value: it moved a pointer, sized an access, or decided a
// branch. When that happens (Demand), the need is carried back along the path, instruction by
// instruction, from each result to the operands it came from, and the numbers found in the kept
// states on the way are marked precise. (The kernel does the same: mark_chain_precision in
// kernel/bpf/verifier.c.)
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "isa/instruction.hpp"
#include "platform/program.hpp"
#include "verify/growing.hpp"
#include "verify/state.hpp"

namespace skep::verify {

// A set of registers and stack slots, by frame.
struct Places {
  std::array<Registers, isa::kFramesMax> registers{};
  std::array<u64, isa::kFramesMax> slots{};  // bit s is slot s

  bool empty() const {
    u64 any = 0;
    for (const Registers set : registers) any |= set;
    for (const u64 set : slots) any |= set;
    return any == 0;
  }
  friend bool operator==(const Places&, const Places&) = default;
};

struct SlotPlace {
  u8 frame = 0;
  u8 slot = 0;
};

// What one instruction, as it is walked, says about precision.
struct Demand {
  Registers registers = 0;           // of the innermost frame: their numbers must be precise here
  SlotSets slots{};                  // the same, of what is spilled
  std::optional<SlotPlace> spilled;  // a load took, or a store replaced, what is spilled here
  Places linked;                     // a comparison taught all of these the same
  SlotSets read{};                   // slots that it may read
  SlotSets written{};                // slots that it surely overwrites, whole
  bool enters = false;               // a call went into a static function
  bool enters_callback = false;      // a helper's call, into the function that it calls
  bool leaves_callback = false;      // an exit, back to the helper's call
};

// The instructions of all paths, each with the one before it.
class Trail {
 public:
  static constexpr s32 kStart = -1;

  explicit Trail(const platform::Program& program);

  // `took`: the step before is a jump, and this way is the one that takes it.
  s32 add(s32 before, isa::InstructionIndex at, const Demand& demand, Holds took);
  s32 add_checkpoint(s32 before, s32 checkpoint);
  void clear();

  // The instruction of the step, or of the last one before it that is no checkpoint.
  std::optional<isa::InstructionIndex> instruction_at(s32 step) const;
  // Calls `visit` with each instruction before `from`, the number of the step before it and, of
  // jumps, whether it was taken, newest first, until it says no. `took`: the same of the last one.
  template <class Visit>
  void walk_back(s32 from, Holds took, Visit visit) const {
    for (s32 at = from; at != kStart; at = before(at)) {
      const Step& step = steps_[static_cast<u32>(at)];
      if (step.what == What::checkpoint) continue;
      if (!visit(isa::InstructionIndex(step.number), before(at), took)) return;
      took = step.took ? Holds::yes : Holds::no;
    }
  }

  // Carries `places`, needed behind `from` at frame depth `depth`, back. `mark` is called with each
  // checkpoint and the places there; it says whether any of them was not precise before, else the
  // walk ends.
  template <class Mark>
  void carry_back(s32 from, std::size_t depth, Places places, Mark mark) const {
    bool done = places.empty();
    for (s32 at = from; at != kStart && !done; at = before(at)) {
      const Step& step = steps_[static_cast<u32>(at)];
      if (step.what == What::checkpoint) {
        done = !mark(static_cast<s32>(step.number), places) || places.empty();
      } else if (concerns(step, depth, places)) {
        undo(at, depth, places);
        done = places.empty();
      }
    }
  }

 private:
  enum class What : u8 { instruction, frame_change, into_callback, out_of_callback, checkpoint };
  struct Step {
    u32 number = 0;  // of the instruction or the checkpoint
    What what : 3 = What::instruction;
    bool goes_on : 1 = true;  // behind the step that stands before it; else it is in branches_
    bool has_linked : 1 = false;
    bool has_spilled : 1 = false;
    bool took : 1 = false;  // the instruction before is a jump that was taken
    SlotPlace spilled{};
  };
  static_assert(sizeof(Step) == 8, "there is one for each instruction that is walked");
  struct Branch {
    s32 step;
    s32 before;
  };
  struct Linked {
    s32 step;
    Places places;
  };

  s32 push(s32 before, Step step);
  s32 before(s32 at) const {
    return steps_[static_cast<u32>(at)].goes_on ? at - 1 : branched_from(at);
  }
  s32 branched_from(s32 at) const;

  // Whether `step` may change what is needed: most do not, and are passed quickly.
  bool concerns(const Step& step, std::size_t depth, const Places& places) const {
    return (places.registers[depth] & touches_[step.number]) != 0 || step.has_spilled ||
           step.has_linked || step.what != What::instruction;
  }
  static void undo_store(const Step& step, const isa::Instruction& i, Registers& needed,
                         Places& places);
  void undo(s32 at, std::size_t& depth, Places& places) const;

  const platform::Program& program_;
  std::vector<Registers> touches_;  // by instruction: a need for others passes it unchanged
  Growing<Step> steps_;
  std::vector<Branch> branches_;  // these by ascending step
  std::vector<Linked> linked_;
};

}  // namespace skep::verify
