// Calls of helpers that the kernel takes, made from the table: each argument is set to a value of
// its kind, and one of them may be set to something else.
//
// What a call needs before it (a held socket, a reserved record, a task) is made in front of it,
// and given back behind it. Not made are kernel pointers other than tasks, functions to call back
// and per-CPU variables: they need types of the program's own.
#pragma once

#include <map>

#include "platform/helpers.hpp"
#include "tables.hpp"

namespace skep::kernel_tables {

using platform::Argument;
using platform::HelperRow;
using platform::MapKind;

// Values that an argument is tried with.
enum class Tried : u8 { number, null, map, stack, context, count_ };

// Maps that calls work on, and what stands in some of them.
class CallMaps {
 public:
  static Result<CallMaps> make();

  int of(MapKind kind) const {
    const auto found = maps_.find(kind);
    return found == maps_.end() ? -1 : found->second.get();
  }
  int values() const { return values_->get(); }  // an array of values of 64 bytes
  int text() const { return text_->get(); }      // "%d", frozen
  int locks() const { return locks_->get(); }
  int timers() const { return timers_->get(); }

 private:
  std::map<MapKind, Fd> maps_;
  std::optional<Fd> values_, text_, locks_, timers_;
};

// Whether the kernel says that programs of this type have no such helper. It says so before it
// looks at the arguments, or, of a few, after.
bool is_refused(const std::string& log);
// Kernels may be built or locked down so that nobody has it.
bool is_left_out(const HelperRow& helper);
// The first cell that may call it with the arguments of this row.
std::optional<Cell> caller_of(const Kernel& kernel, const HelperRow& helper);
// One of the maps that it works on; of helpers without a map any one.
int map_for(const HelperRow& helper, const CallMaps& maps);
inline constexpr u16 kTimerInit = 169;  // its map is the one that the timer is in

struct TriedCall {
  const HelperRow& helper;
  const Cell& cell;  // who calls
  int map = -1;      // its map argument
  // Which argument is something else, from 1 on; 0: none.
  u8 wrong = 0;
  Tried with = Tried::number;
};

// Why no right call of it can be made here, or an empty text.
std::string cannot_be_called(const HelperRow& helper, const Cell& cell);
Slots code_of(const TriedCall& call, const CallMaps& maps);

}  // namespace skep::kernel_tables
