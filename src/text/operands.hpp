// The operands of instructions: registers, numbers, addresses, targets.
//
// Each function reads one operand at the cursor, checks it, and says what it expected otherwise.
#pragma once

#include <optional>

#include "text/parse.hpp"

namespace skep::text {

struct Register {
  u8 number = 0;
  isa::Width width = isa::Width::w64;
};

// `r` or `w` and the digits behind it; a number that is no register becomes isa::kRegisters.
std::optional<std::pair<char, u64>> register_like(const Token& token);

constexpr isa::Width register_width(isa::Width memory) {
  return memory == isa::Width::w64 ? isa::Width::w64 : isa::Width::w32;
}
constexpr char register_letter(isa::Width width) { return width == isa::Width::w64 ? 'r' : 'w'; }

struct MemoryType {
  bool is_signed = false;
  isa::Width width = isa::Width::w64;
};

class OperandReader {
 public:
  explicit OperandReader(Cursor& cursor) : cursor_(cursor) {}

  Result<Register> any_register();
  Result<u8> register_of(isa::Width width);
  // Registers of 64 bits do for narrow memory accesses too.
  Result<u8> register_for_memory(isa::Width width);

  bool at_number() const;
  // A number with its sign that lies from `low` to `high`.
  Result<s64> number(s128 low, s128 high, std::string_view expected, std::string hint = {});
  // Operations of 64 bits extend the immediate's sign, so 0xffffffff would not be what it says.
  Result<s64> immediate(isa::Width width);
  Result<s64> wide_immediate();
  // 32 bits, signed or not.
  Result<s64> half();

  // "r1 + 4"
  Result<void> address(u8& base, s16& offset);
  // "(u32 *)"
  Result<MemoryType> type();
  // "(u32 *)(r1 + 4)", unsigned; gives the width.
  Result<isa::Width> place(u8& base, s16& offset);
  // "+3", "-3", "3" or a label.
  Result<Reference> target();
  // The register or immediate that an operation of `out.width` takes.
  Result<void> source(isa::Instruction& out);

 private:
  Cursor& cursor_;
};

}  // namespace skep::text
