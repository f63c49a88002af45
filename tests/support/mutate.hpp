// Programs that are changed in one place, as a mistake would: a bound, an offset, a branch, a
// width, a register, two instructions the other way round.
#pragma once

#include "isa/control_flow.hpp"
#include "support/choices.hpp"

namespace skep::test {

// A constant of the program, or one next to it.
inline s64 changed(s64 number, Choices& choices) {
  const auto bits = static_cast<u64>(number);
  switch (choices.below(6)) {
    case 0: return static_cast<s64>(u64{0} - bits);
    case 1: return static_cast<s64>(bits * 2);
    case 2: return number / 2;
    case 3: return s64{1} << choices.below(31);
    default: return static_cast<s64>(bits + choices.below(9) - 4);
  }
}

// Changes one thing about one instruction.
inline void mutate(isa::Code& code, Choices& choices) {
  isa::Instruction& i = code[choices.below(static_cast<u32>(code.size()))];
  switch (choices.below(8)) {
    case 0: i.immediate = changed(i.immediate, choices); break;
    case 1: i.offset = static_cast<s16>(i.offset + static_cast<s16>(choices.below(17)) - 8); break;
    case 2: i.dst = static_cast<u8>(choices.below(10)); break;
    case 3: i.src = i.has_register_source() ? static_cast<u8>(choices.below(11)) : i.src; break;
    case 4:
      if (i.form == isa::Form::jump) i.operation = static_cast<u8>(choices.below(11));
      if (i.form == isa::Form::alu) i.operation = static_cast<u8>(choices.below(9));
      break;
    case 5: i.width = static_cast<isa::Width>(choices.below(4)); break;
    case 6: std::swap(i, code[choices.below(static_cast<u32>(code.size()))]); break;
    default:
      if (isa::has_jump_target(i))
        i.target = isa::InstructionIndex(choices.below(static_cast<u32>(code.size())));
      break;
  }
}

}  // namespace skep::test
