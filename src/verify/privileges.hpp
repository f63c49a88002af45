// What the kernel asks of who loads a program: capabilities (platform/capabilities.hpp says which).
//
// Some are asked of the program as a whole, before it is walked: its type and length, its maps,
// functions and loops. Others are asked where an instruction does what needs one: calls a helper,
// reaches a field, looks into a structure of the kernel, or lets an address out. By the rules of
// the user engine nothing here is asked: what it runs needs no privilege.
#pragma once

#include "verify/analysis.hpp"

namespace skep::verify {

// Of the program as a whole (bpf_prog_load in kernel/bpf/syscall.c; add_subprog_and_kfunc and
// check_cfg in kernel/bpf/verifier.c).
std::optional<Misshapen> check_privileges(const platform::Program& program, const Limits& limits);

// Whether `needed` is there; else `what` is refused: "bpf_jiffies64 needs CAP_BPF".
Check check_privilege(const Analysis& analysis, platform::Privilege needed, std::string_view what);

// The structure of the kernel that is looked into, or the object of the program's own: their
// addresses are the kernel's (check_ptr_to_btf_access).
Check check_may_look(const Analysis& analysis, std::string_view structure);

// An address would get out of the program: `message` says how; `value` is in `r`.
Refusal leaked(std::string message, const Value& value, u8 r);
// Nothing, or leaked() where addresses are hidden and `r` has one.
Check check_no_leak(const Analysis& analysis, const State& state, u8 r, std::string_view message);
// Of a conditional jump: what two values may be compared for (check_cond_jmp_op).
Check check_comparison(const Analysis& analysis, const isa::Instruction& i, const Value& a,
                       const Value& b);
// A value that is gone: as a number, or as nothing where numbers would be parts of addresses
// (mark_reg_invalid).
Value invalid_value(const Analysis& analysis, isa::InstructionIndex at);

}  // namespace skep::verify
