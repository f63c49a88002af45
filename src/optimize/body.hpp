// The functions of an object as instructions that can be moved: what the optimiser reads and what
// is written back.
//
// Each instruction knows where it stood, and so its relocation, its line and whether CO-RE patches
// it. What is refused here cannot be rewritten, though it may be loaded: code that no symbol
// covers, instructions that this version does not know.
#pragma once

#include <map>
#include <vector>

#include "isa/instruction.hpp"
#include "object/elf.hpp"
#include "object/object.hpp"
#include "verify/verify.hpp"

namespace skep::optimize {

inline constexpr u32 kNoFunction = ~u32{0};

// A slot of the object that was read.
struct Origin {
  u32 section = 0;
  u32 slot = 0;

  u64 offset() const { return u64{slot} * sizeof(isa::Slot); }
  friend auto operator<=>(const Origin&, const Origin&) = default;
};

struct Step {
  isa::Instruction instruction;  // jumps count steps of the body
  Origin origin;                 // of a new instruction: that of one whose line it has
  bool is_original = true;       // what stood there, relocated as it was
  u32 callee = kNoFunction;      // of local calls and constants that are functions
};

struct Body {
  u32 function = 0;  // of image.functions
  std::vector<Step> steps;
};

// What is known of the slots of an object beside their bits.
struct Knowledge {
  std::map<Origin, object::Relocation> relocations{};
  std::map<Origin, verify::Region> regions{};  // of accesses, where one was proved on every path
  std::vector<Origin> patched{};               // by CO-RE, in order

  bool is_patched(const Origin& origin) const;
  verify::Region region(const Origin& origin) const;
};

// By number in image.functions.
Result<std::vector<Body>> read_bodies(const object::Object& object);
Knowledge read_knowledge(const object::Object& object);

}  // namespace skep::optimize
