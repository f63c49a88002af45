#include "verify/precision.hpp"

#include <algorithm>

#include "isa/control_flow.hpp"
#include "isa/tables.hpp"
#include "verify/liveness.hpp"

namespace skep::verify {
namespace {

using isa::Form;
using isa::Instruction;

// Both operands of a comparison, and everything that learned from it, are needed when one of them
// is.
void join_compared(const Instruction& i, const Places& linked, std::size_t depth, Places& places) {
  Places all = linked;
  all.registers[depth] |= bit(i.dst);
  if (i.has_register_source()) all.registers[depth] |= bit(i.src);
  bool touched = false;
  for (std::size_t frame = 0; frame < all.registers.size(); ++frame) {
    touched = touched || (all.registers[frame] & places.registers[frame]) != 0 ||
              (all.slots[frame] & places.slots[frame]) != 0;
  }
  if (!touched) return;
  for (std::size_t frame = 0; frame < all.registers.size(); ++frame) {
    places.registers[frame] |= all.registers[frame];
    places.slots[frame] |= all.slots[frame];
  }
}

void undo_alu(const Instruction& i, Registers& needed) {
  if ((needed & bit(i.dst)) == 0) return;
  const bool overwrites =
      i.alu() == isa::Alu::mov || isa::kAlu[i.alu()].operands == isa::Operands::register_only;
  if (overwrites) needed &= static_cast<Registers>(~bit(i.dst));
  if (i.has_register_source()) needed |= bit(i.src);
}

}  // namespace

Trail::Trail(const platform::Program& program) : program_(program) {
  touches_.reserve(program.code.size());
  for (const Instruction& i : program.code) {
    touches_.push_back(i.form == Form::jump ? effects_of(i).reads : effects_of(i).writes);
  }
}

s32 Trail::add(s32 before, isa::InstructionIndex at, const Demand& demand, Holds took) {
  Step step{.number = at.value(), .took = took == Holds::yes};
  if (demand.enters || program_.code[at.value()].form == Form::exit) step.what = What::frame_change;
  if (demand.enters_callback) step.what = What::into_callback;
  if (demand.leaves_callback) step.what = What::out_of_callback;
  if (demand.spilled) {
    step.has_spilled = true;
    step.spilled = *demand.spilled;
  }
  if (!demand.linked.empty()) {
    step.has_linked = true;
    linked_.push_back({static_cast<s32>(steps_.size()), demand.linked});
  }
  return push(before, step);
}

s32 Trail::push(s32 before, Step step) {
  const s32 at = static_cast<s32>(steps_.size());
  step.goes_on = before == at - 1;
  if (!step.goes_on) branches_.push_back({at, before});
  steps_.push_back(step);
  return at;
}

s32 Trail::branched_from(s32 at) const {
  return std::ranges::lower_bound(branches_, at, {}, &Branch::step)->before;
}

s32 Trail::add_checkpoint(s32 before, s32 checkpoint) {
  Step step;
  step.number = static_cast<u32>(checkpoint);
  step.what = What::checkpoint;
  return push(before, step);
}

std::optional<isa::InstructionIndex> Trail::instruction_at(s32 step) const {
  std::optional<isa::InstructionIndex> out;
  walk_back(step, Holds::no, [&](isa::InstructionIndex at, s32, Holds) {
    out = at;
    return false;
  });
  return out;
}

void Trail::clear() {
  steps_.clear();
  branches_.clear();
  linked_.clear();
}

void Trail::undo_store(const Step& step, const Instruction& i, Registers& needed, Places& places) {
  if (!step.has_spilled) return;
  u64& slots = places.slots[step.spilled.frame];
  const u64 slot = u64{1} << step.spilled.slot;
  if ((slots & slot) == 0) return;
  slots &= ~slot;
  if (i.form == Form::atomic || i.has_register_source()) needed |= bit(i.src);
}

// From what is needed behind an instruction to what is needed before it. `depth` is the frame it
// ran in.
void Trail::undo(s32 at, std::size_t& depth, Places& places) const {
  const Step& step = steps_[static_cast<u32>(at)];
  const Instruction& i = program_.code[step.number];
  if (step.what == What::out_of_callback) {  // its result decided whether there is another round
    places.registers[++depth] = 0;
    places.slots[depth] = 0;
    return;
  }
  if (step.what == What::into_callback) {  // the helper made the arguments
    places.registers[depth] = 0;
    places.slots[depth--] = 0;
    return;
  }
  if (i.form == Form::exit) {  // of a function: the path goes on in its caller, so walking back
                               // enters the function
    Registers& caller = places.registers[depth];
    const Registers result = caller & bit(isa::kR0);
    caller &= static_cast<Registers>(~(kArguments | bit(isa::kR0)));
    places.registers[++depth] = result;
    places.slots[depth] = 0;
    return;
  }
  Registers& needed = places.registers[depth];
  if (step.what == What::frame_change) {  // the first instruction of the callee came next: its
                                          // arguments are the caller's
    const Registers arguments = needed & kArguments;
    places.registers[depth] = 0;
    places.slots[depth] = 0;
    places.registers[--depth] |= arguments;
    return;
  }
  switch (i.form) {
    case Form::alu: undo_alu(i, needed); return;
    case Form::load:
    case Form::load_signed:
      if ((needed & bit(i.dst)) == 0) return;
      needed &= static_cast<Registers>(~bit(i.dst));
      if (step.has_spilled) places.slots[step.spilled.frame] |= u64{1} << step.spilled.slot;
      return;
    case Form::atomic: {
      if (i.atomic() == isa::Atomic::store_release) {
        undo_store(step, i, needed, places);
        return;
      }
      const Registers results = needed & effects_of(i).writes;
      needed &= static_cast<Registers>(~results);
      if (results != 0 && step.has_spilled)
        places.slots[step.spilled.frame] |= u64{1} << step.spilled.slot;
      return;
    }
    case Form::store: undo_store(step, i, needed, places); return;
    case Form::jump:
      if (step.has_linked) {
        join_compared(i, std::ranges::lower_bound(linked_, at, {}, &Linked::step)->places, depth,
                      places);
      } else {
        join_compared(i, {}, depth, places);
      }
      return;
    default: needed &= static_cast<Registers>(~effects_of(i).writes); return;
  }
}

}  // namespace skep::verify
