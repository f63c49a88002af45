// Where everything stands once the bodies have their new lengths: code sections as bytes, with
// jumps, calls and constants aimed again, and the relocations that they need.
#pragma once

#include "optimize/body.hpp"

namespace skep::optimize {

struct PlacedStep {
  u32 slot = 0;  // in the section
  const Step* step = nullptr;
};

struct PlacedFunction {
  u32 function = 0;
  u32 slot = 0;
  u32 slots = 0;
};

struct CodeSection {
  u32 section = 0;  // of the object that was read
  std::vector<isa::Slot> slots{};
  std::vector<PlacedFunction> functions{};  // in order
  std::vector<PlacedStep> steps{};          // in order
  std::vector<object::Relocation> relocations{};
};

class Layout {
 public:
  // Views of `bodies`. Refused: a jump that became too long for its instruction.
  static Result<Layout> make(const object::Object& object, const std::vector<Body>& bodies,
                             const Knowledge& knowledge);

  const std::vector<CodeSection>& sections() const { return sections_; }
  const CodeSection* find(u32 section) const;
  // The slot that a function has now, in its section.
  u32 slot_of(u32 function) const { return slot_of_[function]; }
  // Where `offset`, which is the beginning of a function or 0, is now.
  u64 moved(const object::Object& object, u32 section, u64 offset) const;

 private:
  std::vector<CodeSection> sections_;
  std::vector<u32> slot_of_;
};

// Length in slots.
u32 slots_of(const std::vector<Step>& steps);

}  // namespace skep::optimize
