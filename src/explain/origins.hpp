// Where the values of a refusal came from, and where what they lack was lost.
//
// In: the stops of the refused path. Registers are followed back through moves, spills, calls and
// the arithmetic of pointers to the instruction that made them. What is missing is then looked for
// on that way: a comparison that was never made or that says too little, a call that made a pointer
// invalid, an operation behind which a bounded number was unknown, a branch whose other side sets
// what is not set here.
#pragma once

#include <optional>

#include "explain/retrace.hpp"

namespace skep::explain {

// Where a value is: a register, or a spill slot, of a frame in front of stop number `stop`.
struct Place {
  std::size_t stop = 0;
  u32 frame = 0;
  u8 number = 0;  // of the register or the slot
  bool is_slot = false;
};

// An instruction that made a value, or the start of the walk.
struct Made {
  Place place;                         // what it was when it was made
  std::optional<std::size_t> by = {};  // the stop whose instruction did; none: it was given
  // The additions and the like that changed it since, the last one first.
  std::vector<std::size_t> changed_by = {};
};

class Way {
 public:
  Way(const platform::Program& program, std::span<const Stop> stops)
      : program_(program), stops_(stops) {}

  const platform::Program& program() const { return program_; }
  std::span<const Stop> stops() const { return stops_; }
  const Stop& last() const { return stops_.back(); }
  const isa::Instruction& instruction(std::size_t stop) const {
    return program_.code[stops_[stop].at.value()];
  }
  u32 depth(std::size_t stop) const {
    return static_cast<u32>(stops_[stop].state.frames.size() - 1);
  }
  const verify::Value& value(const Place& place) const;
  u32 slot(std::size_t stop) const { return instruction(stop).slot.value(); }
  u32 line(std::size_t stop) const;
  std::string source(std::size_t stop) const;
  std::string text(std::size_t stop) const;

  // Of a conditional jump that is not the last stop: whether the path took it.
  bool is_taken(std::size_t jump) const;
  // The last instruction before place.stop that made what is there.
  Made made(Place place) const;
  // The slot that the load or store at `stop` reaches in a known place, or none.
  std::optional<Place> slot_reached(std::size_t stop) const;
  // Conditional jumps on the way in [from, to): calls `visit` with the stop, newest first.
  template <class Visit>
  void jumps_between(std::size_t from, std::size_t to, Visit visit) const {
    for (std::size_t at = to; at-- > from;) {
      if (instruction(at).form == isa::Form::jump) visit(at);
    }
  }

 private:
  enum class Found : u8 { no, yes };
  Found step_back(std::size_t by, Place& place, Made& made) const;
  Found undo_write(std::size_t by, Place& place, Made& made) const;

  const platform::Program& program_;
  std::span<const Stop> stops_;
};

// "returned by bpf_map_lookup_elem"
std::string how_made(const Way& way, const Made& made);

// Fills Report::values and Report::lost.
void explain_values(const Way& way, verify::Report& report);

}  // namespace skep::explain
