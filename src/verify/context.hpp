// Loads and stores through the context pointer, and through what it leads to.
//
// Programs on packets reach the fields of a structure that their type's row lists, each in the ways
// that it lists. Programs that are given memory as their context reach all of it; how much they may
// touch is noted, so that whoever runs them can see that there is as much
// (bpf_prog_test_run_syscall in the kernel's net/bpf/test_run.c). Sockets and flow keys have fields
// as well (platform/objects.hpp).
#pragma once

#include "verify/analysis.hpp"

namespace skep::verify {

enum class By : u8 { instruction, helper };

// One access through a register: which bytes behind the pointer, seen from the pointer's fixed
// offset.
struct Access {
  u8 r;
  s64 offset;
  u32 bytes;
  Touch touch;
  By by = By::instruction;
};

// `out` is what the memory gives when nothing is known of it; fields that are pointers change it.
Check load_context(Analysis& analysis, const Value& pointer, isa::InstructionIndex at, Value& out);
Check store_context(Analysis& analysis, const Value& pointer, const Access& access,
                    const Value& stored);

// Structures that are no context but have fields: sockets, flow keys.
bool is_object(Kind kind);
Check check_object_access(const Analysis& analysis, const Value& pointer, const Access& access);

}  // namespace skep::verify
