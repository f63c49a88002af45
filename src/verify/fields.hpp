// Special fields of map values by the kernel's rules: which accesses may touch them, and the calls
// that work on them.
//
// Locks, timers, lists and trees are reached by their calls only. Pointers are loaded whole, and
// stored whole where they own nothing; the others are exchanged (check_map_access,
// check_map_kptr_access, process_spin_lock, process_timer_func and process_kptr_func in
// kernel/bpf/verifier.c). To the user engine, which has none of these, their bytes are bytes.
#pragma once

#include "verify/arguments.hpp"
#include "verify/context.hpp"

namespace skep::verify {

// An access that is inside of the value: it touches no special field, or a pointer as it may.
Check check_fields(const Analysis& analysis, const Value& pointer, const Access& access);
// The pointer field that is exactly at `offset` behind the pointer, or null.
const MapField* pointer_field(const Analysis& analysis, const Value& pointer, s64 offset);
// A load of one, and a store into one.
Check load_pointer_field(Analysis& analysis, const State& state, const MapField& field,
                         const isa::Instruction& i, Value& out);
Check store_pointer_field(const Analysis& analysis, const MapField& field,
                          const isa::Instruction& i, const Value& stored);

// A pointer into a map's value or an object of the program's own, at a known place; `what` names
// what is to be there.
Check check_place(const State& state, const Call& call, u8 r, std::string_view what);
// The only field of a kind in that value or object, to which the register is to point.
Check check_only(const Analysis& analysis, const State& state, u8 r, platform::SpecialKind kind);

// Maps that programs of this type may not even name (check_map_prog_compatibility).
Check check_named_maps(const Analysis& analysis);

// ---- arguments of calls
// ----------------------------------------------------------------------------------------------
Check check_timer(const Analysis& analysis, const State& state, Call& call, u8 r);
// The place of a pointer, and what is put there.
Check check_exchanged(const Analysis& analysis, const State& state, Call& call, u8 r);
Check check_owned(const Analysis& analysis, const State& state, Call& call, u8 r);

}  // namespace skep::verify
