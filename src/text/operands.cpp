#include "text/operands.hpp"

#include <limits>

#include "base/enum_array.hpp"
#include "base/text.hpp"

namespace skep::text {

using namespace isa;
using Kind = Token::Kind;

std::optional<std::pair<char, u64>> register_like(const Token& token) {
  if (token.kind != Kind::word || token.spelling.size() < 2) return std::nullopt;
  const char letter = token.spelling[0];
  if (letter != 'r' && letter != 'w') return std::nullopt;
  for (char c : token.spelling.substr(1)) {
    if (c < '0' || c > '9') return std::nullopt;
  }
  return std::pair(letter, parse_unsigned(token.spelling.substr(1)).value_or(kRegisters));
}

Result<Register> OperandReader::any_register() {
  const auto like = register_like(cursor_.peek());
  if (!like) return cursor_.unexpected("a register");
  if (like->second >= kRegisters) return cursor_.unexpected("a register from 0 to 10");
  cursor_.take();
  return Register{static_cast<u8>(like->second), like->first == 'r' ? Width::w64 : Width::w32};
}

Result<u8> OperandReader::register_of(Width width) {
  const Token& token = cursor_.peek();
  const Register reg = TRY(any_register());
  if (reg.width == width) return reg.number;
  return error_at(token.place,
                  format("`{}` is a register of {} bits, expected `{}{}`", token.spelling,
                         bits_of(reg.width), register_letter(width), reg.number));
}

Result<u8> OperandReader::register_for_memory(Width width) {
  const bool narrow = width != Width::w64 && cursor_.peek().spelling.starts_with('w');
  return register_of(narrow ? Width::w32 : Width::w64);
}

bool OperandReader::at_number() const {
  const bool sign = cursor_.is("-") || cursor_.is("+");
  return cursor_.peek(sign ? 1 : 0).kind == Kind::number;
}

Result<s64> OperandReader::number(s128 low, s128 high, std::string_view expected,
                                  std::string hint) {
  const Token& first = cursor_.peek();
  if (!at_number()) return cursor_.unexpected(expected);
  const bool negative = cursor_.is("-");
  if (first.kind == Kind::symbol) cursor_.take();
  const Token& digits = cursor_.take();
  const s128 value = negative ? -s128{digits.magnitude} : s128{digits.magnitude};
  if (value < low || value > high) {
    return error_at(
        first.place,
        format("expected {}, found `{}{}`", expected, negative ? "-" : "", digits.spelling),
        std::move(hint));
  }
  return static_cast<s64>(static_cast<u64>(value));
}

Result<s64> OperandReader::immediate(Width width) {
  constexpr s128 kLow = std::numeric_limits<s32>::min();
  if (width == Width::w64) {
    return number(kLow, std::numeric_limits<s32>::max(), "an immediate of 32 signed bits",
                  "constants of 64 bits are loaded with `r1 = NUMBER ll`");
  }
  const s64 value = TRY(number(kLow, std::numeric_limits<u32>::max(), "an immediate of 32 bits"));
  return static_cast<s32>(value);
}

Result<s64> OperandReader::wide_immediate() {
  return number(std::numeric_limits<s64>::min(), std::numeric_limits<u64>::max(),
                "a number of 64 bits");
}

Result<s64> OperandReader::half() {
  return number(std::numeric_limits<s32>::min(), std::numeric_limits<u32>::max(),
                "a number of 32 bits");
}

Result<void> OperandReader::address(u8& base, s16& offset) {
  base = TRY(register_of(Width::w64));
  const bool minus = cursor_.is("-");
  if (!minus && !cursor_.is("+")) return cursor_.unexpected("`+` or `-` and an offset");
  if (!minus && cursor_.peek(1).kind == Kind::symbol) cursor_.take();  // `r1 + -8`
  offset =
      static_cast<s16>(TRY(number(std::numeric_limits<s16>::min(), std::numeric_limits<s16>::max(),
                                  "an offset of 16 signed bits")));
  return {};
}

Result<MemoryType> OperandReader::type() {
  TRY(cursor_.expect("("));
  const std::string_view word = cursor_.peek().spelling;
  for (Width width : every<Width>()) {
    for (char sign : {'u', 's'}) {
      if (word != format("{}{}", sign, bits_of(width))) continue;
      cursor_.take();
      TRY(cursor_.expect("*"));
      TRY(cursor_.expect(")"));
      return MemoryType{sign == 's', width};
    }
  }
  return cursor_.unexpected("a type: u8, u16, u32, u64, s8, s16 or s32");
}

Result<Width> OperandReader::place(u8& base, s16& offset) {
  const Token& first = cursor_.peek(1);
  const MemoryType found = TRY(type());
  if (found.is_signed) return error_at(first.place, "only loads take a signed type");
  TRY(cursor_.expect("("));
  TRY(address(base, offset));
  TRY(cursor_.expect(")"));
  return found.width;
}

Result<Reference> OperandReader::target() {
  const Token& token = cursor_.peek();
  if (token.kind == Kind::word) {
    cursor_.take();
    return Reference{Reference::Kind::label, 0, token.spelling, token.place};
  }
  const s64 slots = TRY(number(std::numeric_limits<s32>::min(), std::numeric_limits<s32>::max(),
                               "a label or a distance in slots"));
  return Reference{Reference::Kind::slots, slots, {}, token.place};
}

Result<void> OperandReader::source(Instruction& out) {
  if (register_like(cursor_.peek())) {
    out.source = Source::reg;
    out.src = TRY(register_of(out.width));
    return {};
  }
  if (!at_number()) return cursor_.unexpected("a register or a number");
  out.immediate = TRY(immediate(out.width));
  return {};
}

}  // namespace skep::text
