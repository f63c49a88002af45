// BPF instructions to machine-neutral operations.
//
// In: checked instructions with their functions and facts. Out: a Unit. On the way the obvious
// pairs become one operation each: a move and the arithmetic on its copy, two shifts that extend, a
// look-up in a known array.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "jit/operation.hpp"
#include "platform/machine.hpp"
#include "verify/verify.hpp"

namespace skep::jit {

struct SourceFunction {
  std::string name;
  u32 begin = 0;  // instructions
  u32 end = 0;
  // Nothing is known of it: any of it may be reached.
  verify::FrameUse frame = {.bytes = isa::kStackBytes,
                            .zeroed = {},
                            .reached = {-s32{isa::kStackBytes}, isa::kStackBytes}};
};

// A program to compile, whoever vouches for it.
struct Source {
  std::string name;
  std::span<const isa::Instruction> code;
  std::vector<SourceFunction> functions;     // in the order of the code, without gaps
  std::span<const verify::Fact> facts = {};  // empty, or one for each instruction
  Trust trust = Trust::verified;
};

Unit lower(const Source& source, const platform::Bindings& bindings);

}  // namespace skep::jit
