// What the parts of the verifier share while one program is walked, and how they refuse.
//
// Each part (arithmetic, memory, branches, calls) is a handful of functions that take the Analysis,
// the State of the path and the instruction, change the state, and return a Refusal when something
// cannot be proved.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "btf/types.hpp"
#include "platform/helpers.hpp"
#include "platform/kernel_functions.hpp"
#include "platform/program.hpp"
#include "platform/returns.hpp"
#include "verify/map_fields.hpp"
#include "verify/precision.hpp"
#include "verify/properties.hpp"
#include "verify/state.hpp"
#include "verify/verify.hpp"

namespace skep::verify {

inline constexpr s64 kErrorMax = 4095;  // errors of the kernel go down to its negative (MAX_ERRNO)

// Why the path cannot go on. The Report adds where and how it got there.
struct Refusal {
  Property property;
  std::string message;  // what was not proved
  std::string reason;   // the values involved, in words
  std::string hint;     // empty: the property's own advice
};
using Check = std::optional<Refusal>;

// The function whose arguments the context of a program holds, eight bytes each.
struct KernelPrototype {
  struct Argument {
    btf::TypeId type = btf::kVoid;
    std::string_view name = {};  // in the kernel's types
    bool may_be_null = false;
    bool may_be_error = false;  // a number, then
    bool is_buffer = false;     // memory whose size nobody says yet
  };
  std::string name;  // for messages
  std::vector<Argument> arguments;
  btf::TypeId result = btf::kVoid;  // readable behind the arguments where has_result
  bool has_result = false;
  std::optional<platform::ReturnRange> results;  // LSM: of the hook, and of its programs
  bool is_trusted = false;  // pointers among the arguments are valid for all of the run
  std::string operations;   // of struct_ops: the structure that the program is in
};

// Who calls a function that was handed on: a timer, a work queue or a task, with a map, a key and a
// value; or a tree that orders two of its nodes, while its lock is held.
enum class LaterBy : u8 { timer, work, order };

// It is walked on its own, when all that is called now has been.
struct Later {
  u32 function = 0;  // number in Program::functions
  s32 map = -1;
  LaterBy by = LaterBy::timer;
  bool sleeps = false;
  bool returns_anything = false;  // nobody looks at it
  u32 type = 0;                   // order: of the nodes' objects
  u32 offset = 0;                 // of the node in them
  bool operator==(const Later&) const = default;
};

// How the kernel changes an addition, so that a processor that runs ahead stays inside of what a
// pointer points into: an instruction is changed in one way only (speculation.hpp).
struct Masking {
  bool is_number = false;  // no operand is a pointer
  bool is_negative = false, is_constant = false, is_source = false;
  u32 limit = 0;
  bool operator==(const Masking&) const = default;
};

// A function that the call of a helper at `at` was seen to call.
struct CalledBack {
  isa::InstructionIndex at;
  u32 function = 0;        // its number
  bool has_flags = false;  // r4 was not 0
  bool operator==(const CalledBack&) const = default;
};

struct Analysis {
  Analysis(const platform::Program& program, const Limits& limits);

  const platform::MapSpec& map(s32 number) const {
    const auto at = static_cast<std::size_t>(number), count = program.maps->size();
    return at < count ? (*program.maps)[at] : *(*program.maps)[at - count].inner;
  }
  // The number of what the maps in a map of maps look like.
  s32 inner_of(s32 number) const { return number + static_cast<s32>(program.maps->size()); }
  // Of its values, by the kernel's rules.
  const MapFields& fields(s32 number) const;
  // Of an object of the program's own, or of what a pointer into a map's value points to.
  const MapFields& fields_of(const Value& pointer) const;
  bool has_lock(const Value& pointer) const {
    if (pointer.kind != Kind::map_value && pointer.kind != Kind::own) return false;
    return fields_of(pointer).has(
        set_of(platform::SpecialKind::spin_lock, platform::SpecialKind::res_spin_lock));
  }
  const platform::ProgramTypeRow& type() const { return platform::row(program.type); }
  bool for_user_engine() const { return rules == Rules::user_engine; }
  // By the rules of the user engine nobody has the right to see addresses and uninitialised memory.
  bool has(platform::Right right) const { return (rights >> static_cast<u32>(right) & 1) != 0; }
  // Whether the kernel hides its addresses from who loads the program.
  bool hides_addresses() const { return !for_user_engine() && !has(platform::Right::addresses); }
  std::optional<platform::AttachType> attach() const {
    return platform::loaded_as(program.type, program.attach_type);
  }
  // Syscall programs always may (bpf_prog_load in kernel/bpf/syscall.c).
  bool may_sleep() const {
    if (walking) return walking->sleeps;
    return (program.flags & platform::kSleepable) != 0 ||
           program.type == platform::ProgramType::syscall;
  }
  u32 new_id() { return next_id++; }
  // Before `value` is copied: the copy and it learn together.
  static bool wants_link(const Value& value) {
    return value.is_number() && !value.number.is_constant() && value.id == 0;
  }
  // What is a constant more than others begins anew (assign_scalar_id_before_mov).
  void link(Value& value) {
    if (value.is_number() && value.offset != 0) value.unlink();
    if (wants_link(value)) value.id = new_id();
  }

  const platform::Program& program;
  Rules rules;
  platform::Capabilities capabilities;
  u32 cpus = 0;   // 0: not known
  u8 rights = 0;  // a set of platform::Right
  // By instruction, of programs that are run with speculation in mind (speculation.hpp): how its
  // operand is masked, on all paths.
  std::vector<std::optional<Masking>> masking;
  bool masks_unknown = false;                // one of these was not a constant
  const btf::Types* kernel = nullptr;        // its types, or null
  std::optional<KernelPrototype> prototype;  // of a program that the kernel types
  isa::Code code;  // with context accesses rewritten to the run-time layout
  std::vector<Fact> facts;
  std::vector<FrameUse> frames;                 // by function
  std::vector<bool> called;                     // by function: a global one, to be walked
  std::vector<CalledBack> called_back;          // once each
  std::vector<Later> later;                     // functions to be walked so
  std::optional<Later> walking;                 // one of them that is being walked
  mutable std::map<u32, MapFields> own_fields;  // by type of the program, of those asked for
  std::vector<MapFields> map_fields;  // by number of a map, inner ones behind; empty: none has any
  bool may_change_packet = false;
  std::optional<u32> arena;  // the number of the map
  u32 context_bytes = 0;     // how far into a context that is memory
  u32 next_id = 1;
  Demand demand;  // of the instruction that is being walked
};

// "r3"
std::string_view register_name(u8 r);

// ---- arithmetic.cpp
// ----------------------------------------------------------------------------------------------
Check check_readable(const State& state, u8 r);
Check do_alu(Analysis& analysis, State& state, isa::InstructionIndex at);
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

// ---- arguments.cpp
// -----------------------------------------------------------------------------------------------
// Whether a pointer leads to zero-terminated text at a known place in frozen memory.
bool is_frozen_text(const Analysis& analysis, const Value& pointer);

// ---- branches.cpp
// ------------------------------------------------------------------------------------------------
// What is left of the state on both ways of a conditional jump; a way that cannot be taken is
// empty.
struct Ways {
  std::optional<State> taken;
  std::optional<State> passed;
};
Check do_jump(Analysis& analysis, State&& state, const isa::Instruction& i, Ways& ways);
// Whether a pointer that is not marked so may be null to the verifier.
bool may_be_null(const Analysis& analysis, const Value& value);
// Where the numbers are that learn from the comparison, besides the registers that are compared.
Places linked_with(const State& state, const isa::Instruction& i);

// ---- calls.cpp
// ---------------------------------------------------------------------------------------------------
Check do_helper_call(Analysis& analysis, State& state, isa::InstructionIndex at);
void keep_for_later(Analysis& analysis, const Later& later);
// Forgets every pointer that belongs to `reference`, which is given back; `at` is remembered for
// explanations.
void forget_reference(const Analysis& analysis, State& state, u32 reference,
                      isa::InstructionIndex at);
// "a ring record", "what bpf_sk_lookup_tcp returned"
std::string what_is_held(const platform::Program& program, const Held& held);
// The refusal of what may not happen while the first one is held: before, what, after.
Refusal still_held(const platform::Program& program, const State& state, std::string_view before,
                   std::string_view after);

// ---- exceptions.cpp
// ----------------------------------------------------------------------------------------------
// The function of the kernel that the instruction calls, of those that the user engine has.
std::optional<platform::UserFunction> user_function_at(const platform::Program& program,
                                                       isa::InstructionIndex at);
// Whether the instruction calls bpf_throw().
bool is_throw(const platform::Program& program, isa::InstructionIndex at);
// Ends the path: nothing behind a throw is walked.
Check do_throw(Analysis& analysis, const State& state, isa::InstructionIndex at);
// Before a call of a global function, whose exceptions the walk of its caller does not see.
Check check_may_throw(const Analysis& analysis, const State& state,
                      const platform::Function& callee);

// ---- arenas.cpp
// --------------------------------------------------------------------------------------------------
// The number of the arena that the program names; it names one only, or is refused.
std::optional<u32> arena_of(const platform::Program& program);
Check do_cast(Analysis& analysis, State& state, isa::InstructionIndex at);
// Arithmetic that changes dst, in a program with an arena. Nothing: no operand points into it.
std::optional<Check> do_arena_alu(Analysis& analysis, State& state, isa::InstructionIndex at);
Check do_arena_call(Analysis& analysis, State& state, isa::InstructionIndex at,
                    platform::UserFunction function);

// ---- functions.cpp
// -----------------------------------------------------------------------------------------------
// Global functions are verified once, on their signature; a call is checked against it and forgets
// what it may change.
bool is_verified_apart(const platform::Function& function);
State entry_state(Analysis& analysis, std::size_t function);
Check do_global_call(Analysis& analysis, State& state, isa::InstructionIndex at,
                     const platform::Function& callee);
// Packet pointers that were taken before `at` do not point into the packet any more.
void forget_packet(const Analysis& analysis, State& state, isa::InstructionIndex at);
// What every call does to r1 to r5.
void clear_arguments(State& state, isa::InstructionIndex at);

// ---- structure.cpp
// -----------------------------------------------------------------------------------------------
// The shape of the program before it is walked.
struct Structure {
  std::vector<bool> joins;  // by instruction: paths meet here, so states are kept
  // Of these, may_goto and calls with a callback: loops that end by themselves come back here.
  std::vector<bool> loop_heads;
};
// What is known of a program before it is walked.
struct Outline {
  std::shared_ptr<const platform::Program> program;  // has functions
  Structure structure;
  std::vector<Registers> live;  // by instruction, right before it
};
struct Misshapen {
  isa::InstructionIndex at;
  Refusal refusal;
};
std::optional<Misshapen> check_arenas(const platform::Program& program);
std::optional<Misshapen> check_exception_callback(const platform::Program& program);
// What is called back does not throw; after the walk, as the kernel does
// (check_max_stack_depth_subprog).
std::optional<Misshapen> check_no_throw_in_callbacks(const Analysis& analysis);
std::optional<Misshapen> check_structure(const platform::Program& program, Structure& structure);
// After the walk: whether every chain of calls fits into the stack.
std::optional<Misshapen> check_stack_depth(const Analysis& analysis);

// ---- report.cpp
// --------------------------------------------------------------------------------------------------
// The Report of a refusal, without the way that led there.
Report report_at(const platform::Program& program, isa::InstructionIndex at,
                 const Refusal& refusal);

}  // namespace skep::verify
