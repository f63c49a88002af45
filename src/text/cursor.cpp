// Splits lines of assembly into tokens.
//
// `#` and `//` begin a comment anywhere, `;` only as the first character of a line, where
// llvm-objdump -S puts source lines. Behind an instruction LLVM's assembler takes `;` as a
// separator; so do we, because dropping the second of two instructions would be silent.
#include "text/cursor.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "isa/tables.hpp"
#include "text/spelling.hpp"

namespace skep::text {
namespace {

// Every operator that can stand in a line, longest first.
const std::vector<std::string_view>& operators() {
  static const std::vector<std::string_view> all = [] {
    std::vector<std::string_view> out = {"(", ")", "[", "]", "*", ",", ":",
                                         ";", "+", "-", "@", "%", "/", "="};
    for (const isa::AluRow& row : isa::kAlu) {
      if (row.operands == isa::Operands::binary) out.push_back(row.symbol);
    }
    for (const isa::JumpRow& row : isa::kJump) out.push_back(row.symbol);
    for (const isa::AtomicRow& row : isa::kAtomic) {
      if (!row.symbol.empty()) out.push_back(row.symbol);
    }
    std::ranges::stable_sort(out, std::greater(), &std::string_view::size);
    return out;
  }();
  return all;
}

class Lexer {
 public:
  Lexer(std::string_view line, u32 number) : line_(line), number_(number) {}

  Result<std::vector<Token>> run() {
    skip_space();
    if (rest().starts_with(';')) at_ = line_.size();
    while (!at_comment()) {
      TRY(one());
      skip_space();
    }
    tokens_.push_back({Token::Kind::end, {}, 0, place()});
    return std::move(tokens_);
  }

 private:
  std::string_view rest() const { return line_.substr(at_); }
  Place place() const { return {number_, static_cast<u32>(at_ + 1)}; }
  bool at_comment() const {
    return rest().empty() || rest().starts_with('#') || rest().starts_with("//");
  }
  void skip_space() {
    while (at_ < line_.size() && std::string_view(" \t\r\v\f").contains(line_[at_])) ++at_;
  }
  void put(Token::Kind kind, std::size_t length, u64 magnitude = 0) {
    tokens_.push_back({kind, rest().substr(0, length), magnitude, place()});
    at_ += length;
  }

  Result<void> one() {
    const char first = line_[at_];
    // Before words: `s>` begins like one.
    for (std::string_view symbol : operators()) {
      if (!rest().starts_with(symbol)) continue;
      put(Token::Kind::symbol, symbol.size());
      return {};
    }
    if (first == '"') return quoted();
    const auto length =
        static_cast<std::size_t>(std::ranges::find_if_not(rest(), continues_word) - rest().begin());
    if (begins_word(first)) {
      put(Token::Kind::word, length);
      return {};
    }
    if (length == 0) return error_at(place(), format("unexpected character {}", shown(first)));
    const auto value = parse_unsigned(rest().substr(0, length));
    if (!value) {
      return error_at(place(), format("`{}` is not a number of 64 bits", rest().substr(0, length)));
    }
    put(Token::Kind::number, length, *value);
    return {};
  }

  Result<void> quoted() {
    std::size_t length = 1;
    while (at_ + length < line_.size() && line_[at_ + length] != '"') {
      length += line_[at_ + length] == '\\' ? 2 : 1;
    }
    if (at_ + length >= line_.size()) return error_at(place(), "text without closing quote");
    tokens_.push_back({Token::Kind::text, line_.substr(at_ + 1, length - 1), 0, place()});
    at_ += length + 1;
    return {};
  }

  static std::string shown(char c) {
    if (c > ' ' && c < 0x7f) return format("`{}`", c);
    return format("0x{:x}", static_cast<u8>(c));
  }

  std::string_view line_;
  u32 number_;
  std::size_t at_ = 0;
  std::vector<Token> tokens_;
};

}  // namespace

Error error_at(Place place, std::string_view what, std::string hint) {
  return {Fault::malformed, format("line {}, column {}: {}", place.line, place.column, what),
          std::move(hint)};
}

Error Cursor::unexpected(std::string_view expected, std::string hint) const {
  const Token& token = peek();
  const std::string found =
      token.kind == Token::Kind::end ? "the end of the line" : format("`{}`", token.spelling);
  return error_at(token.place, format("expected {}, found {}", expected, found), std::move(hint));
}

Result<std::vector<Token>> tokens_of(std::string_view line, u32 line_number) {
  return Lexer(line, line_number).run();
}

}  // namespace skep::text
