// What the instructions of an object refer to, by relocation or by distance.
//
// A reference is found from the instruction and the relocation that covers it, and is one of: a
// map, a place in the globals, a function, something of the kernel's, or nothing (a weak symbol
// that nobody defines). The linker decides what to write for it.
#pragma once

#include <span>
#include <variant>

#include "isa/instruction.hpp"
#include "object/image.hpp"

namespace skep::object {

struct MapReference {
  u32 map;
};
struct ValueReference {
  u32 map;
  u32 offset;
};
struct FunctionReference {
  u32 function;
};
struct ExternReference {
  u32 number;  // in Program::externs
  u64 addend;  // bytes behind it
};
struct NoReference {};  // the instruction is complete as it is
struct Undefined {};    // weak, and defined nowhere
using Reference = std::variant<NoReference, MapReference, ValueReference, FunctionReference,
                               ExternReference, Undefined>;

bool is_wide(const isa::Slot& slot);
bool is_call(const isa::Slot& slot);

// Of the slot at `offset` of a code section. `ahead` are the relocations of the section that are
// not before it, by rising offset.
Result<Reference> reference_of(const Image& image, u32 section, u64 offset, const isa::Slot& slot,
                               std::span<const Relocation> ahead);

}  // namespace skep::object
