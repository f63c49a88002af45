// Which registers an Operation reads and writes, and whether it does anything else.
//
// Every pass asks this of every operation, several times: the answers are a table by Kind and two
// shifts, and only kinds with rules of their own are looked at closer.
#pragma once

#include "base/enum_array.hpp"
#include "jit/operation.hpp"

namespace skep::jit {

// The set of a register, or of none: kNoRegister has no bit among the operands.
inline constexpr Registers kEveryOperand = (Registers{1} << kOperands) - 1;
constexpr Registers optional_set(Register r) { return Registers{1} << (r & 31) & kEveryOperand; }
static_assert(optional_set(kNoRegister) == 0 && optional_set(kTemporary) != 0);

struct KindUsage {
  Registers reads = 0;          // whatever the operands are
  Registers writes = 0;         // the same
  bool operands = true;         // left, right and index are read
  bool result = true;           // dst is written
  bool has_rules = false;       // reads more, by read_by_rules()
  bool is_pure = false;         // nothing but dst changes
  bool is_proved_pure = false;  // the same, when the accesses of the program were proved to be safe
};

inline constexpr Registers kCallWrites = kArguments | set_of(isa::kR0);
inline constexpr EnumArray<Kind, KindUsage> kUsage({
    {Kind::alu, {.is_pure = true, .is_proved_pure = true}},
    {Kind::rotate, {.is_pure = true, .is_proved_pure = true}},
    {Kind::constant, {.is_pure = true, .is_proved_pure = true}},
    {Kind::nothing, {.operands = false, .result = false}},
    {Kind::load, {.is_proved_pure = true}},
    {Kind::store, {}},
    {Kind::fill, {}},
    {Kind::copy, {}},
    {Kind::user_pointer, {.is_pure = true, .is_proved_pure = true}},
    {Kind::atomic, {.has_rules = true}},
    {Kind::array_lookup,
     {.writes = set_of(isa::kR0), .result = false, .has_rules = true, .is_proved_pure = true}},
    {Kind::map_lookup,
     {.reads = set_of(Register{2}), .writes = kCallWrites, .operands = false, .result = false}},
    {Kind::packet_load, {.writes = kCallWrites, .result = false}},
    {Kind::branch, {}},
    {Kind::select, {.has_rules = true}},
    {Kind::jump, {}},
    {Kind::may_goto, {}},
    {Kind::call_helper,
     {.reads = kArguments, .writes = kCallWrites, .operands = false, .result = false}},
    {Kind::call_indirect, {.reads = kArguments, .writes = kCallWrites, .result = false}},
    {Kind::call_local, {.writes = kCallWrites, .result = false, .has_rules = true}},
    {Kind::tail_call,
     {.reads = 0xe, .writes = kCallWrites, .operands = false, .result = false}},  // r1 to r3
    {Kind::throw_exception, {.writes = kCallWrites, .result = false}},
    {Kind::exit, {.reads = set_of(isa::kR0), .operands = false}},
});

// What the kinds with rules of their own read.
Registers read_by_rules(const Operation& op, Trust trust);

// What an operation reads and writes, whole registers. A call writes r0 to r5.
inline Registers reads(const Operation& op, Trust trust) {
  const KindUsage& usage = kUsage[op.kind];
  if (usage.has_rules) return read_by_rules(op, trust);
  if (!usage.operands) return usage.reads;
  return usage.reads | optional_set(op.left) | optional_set(op.right) | optional_set(op.index);
}

inline Registers writes(const Operation& op) {
  const KindUsage& usage = kUsage[op.kind];
  return usage.result ? optional_set(op.dst) : usage.writes;
}

inline void note(RegisterUse& use, const Operation& op, Trust trust) {
  const Registers written = writes(op);
  use.used |= reads(op, trust) | written;
  if (!is_call(op.kind)) return;
  use.calls = true;
  use.across_calls |= op.live_after & ~written;
}

inline bool is_pure(const Operation& op, Trust trust) {
  const KindUsage& usage = kUsage[op.kind];
  return trust == Trust::verified ? usage.is_proved_pure : usage.is_pure;
}

}  // namespace skep::jit
