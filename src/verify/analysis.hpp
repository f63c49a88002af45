// What the parts of the verifier share while one program is walked, and how they refuse.
//
// Each part (arithmetic, memory, branches, calls) is a handful of functions that take the Analysis,
// the State of the path and the instruction, change the state, and return a Refusal when something
// cannot be proved.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "platform/program.hpp"
#include "verify/properties.hpp"
#include "verify/state.hpp"
#include "verify/verify.hpp"

namespace skep::verify {

// Why the path cannot go on. The Report adds where and how it got there.
struct Refusal {
  Property property;
  std::string message;  // what was not proved
  std::string reason;   // the values involved, in words
  std::string hint;     // empty: the property's own advice
};
using Check = std::optional<Refusal>;

struct Analysis {
  explicit Analysis(const platform::Program& program);

  const platform::MapSpec& map(s32 number) const {
    return (*program.maps)[static_cast<u32>(number)];
  }
  const platform::ProgramTypeRow& type() const { return platform::row(program.type); }
  u32 new_id() { return next_id++; }

  const platform::Program& program;
  isa::Code code;  // with context accesses rewritten to the run-time layout
  std::vector<Fact> facts;
  std::vector<u32> stack_bytes;  // by function: how deep its frame is used
  u32 next_id = 1;
};

// "r3"
std::string register_name(u8 r);

// ---- arithmetic.cpp
// ----------------------------------------------------------------------------------------------
Check check_readable(const State& state, u8 r);
Check do_alu(Analysis& analysis, State& state, const isa::Instruction& i);
Check do_constant(Analysis& analysis, State& state, const isa::Instruction& i);

// ---- memory.cpp
// --------------------------------------------------------------------------------------------------
enum class Touch : u8 { read, write };
Check do_load(Analysis& analysis, State& state, isa::InstructionIndex at);
Check do_store(Analysis& analysis, State& state, isa::InstructionIndex at);
Check do_atomic(Analysis& analysis, State& state, isa::InstructionIndex at);
Check do_packet_load(Analysis& analysis, State& state, isa::InstructionIndex at);

// Whether `bytes` bytes behind the pointer in `r` may be touched by a helper; stack memory that it
// writes is set afterwards for `least` bytes.
struct Extent {
  u64 least = 0;  // bytes that are touched for certain
  u64 most = 0;   // bytes that may be touched
};
Check check_memory(Analysis& analysis, State& state, u8 r, Extent extent, Touch touch);

// ---- branches.cpp
// ------------------------------------------------------------------------------------------------
// What is left of the state on both ways of a conditional jump; a way that cannot be taken is
// empty.
struct Ways {
  std::optional<State> taken;
  std::optional<State> passed;
};
Check do_jump(Analysis& analysis, State&& state, const isa::Instruction& i, Ways& ways);

// ---- calls.cpp
// ---------------------------------------------------------------------------------------------------
Check do_helper_call(Analysis& analysis, State& state, isa::InstructionIndex at);
// Forgets every copy of record `id`; `at` is remembered for explanations.
void forget_record(State& state, u32 id, isa::InstructionIndex at);

// ---- structure.cpp
// -----------------------------------------------------------------------------------------------
// The shape of the program before it is walked.
struct Structure {
  std::vector<bool> joins;  // by instruction: paths meet here, so states are kept
};
struct Misshapen {
  isa::InstructionIndex at;
  Refusal refusal;
};
std::optional<Misshapen> check_structure(const platform::Program& program, Structure& structure);
// After the walk: whether every chain of calls fits into the stack.
std::optional<Misshapen> check_stack_depth(const Analysis& analysis);

}  // namespace skep::verify
