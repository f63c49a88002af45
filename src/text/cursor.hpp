// The tokens of one line of assembly and a place among them.
//
// Every error of the assembler is made here, so that all of them name line, column, what was
// expected and what was found. Tokens are views into the source.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/types.hpp"
#include "skep/result.hpp"

namespace skep::text {

struct Place {
  u32 line = 0;
  u32 column = 0;
};

// "line 3, column 8: <what>"
Error error_at(Place place, std::string_view what, std::string hint = {});

struct Token {
  enum class Kind : u8 { word, number, symbol, text, end };
  Kind kind = Kind::end;
  std::string_view spelling;  // of `text` without its quotes, escapes not yet resolved
  u64 magnitude = 0;          // of numbers
  Place place{};
};

// Splits a line; comments end it. Operators are the longest that the instruction tables know.
Result<std::vector<Token>> tokens_of(std::string_view line, u32 line_number);

class Cursor {
 public:
  // `tokens` ends with Token::Kind::end and outlives the cursor.
  explicit Cursor(const std::vector<Token>& tokens) : tokens_(tokens) {}

  const Token& peek(std::size_t ahead = 0) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  const Token& take() {
    const Token& token = peek();
    if (at_ + 1 < tokens_.size()) ++at_;
    return token;
  }
  bool at_end() const { return peek().kind == Token::Kind::end; }
  bool is(std::string_view spelling, std::size_t ahead = 0) const {
    const Token& token = peek(ahead);
    return (token.kind == Token::Kind::word || token.kind == Token::Kind::symbol) &&
           token.spelling == spelling;
  }
  bool accept(std::string_view spelling) {
    const bool found = is(spelling);
    if (found) take();
    return found;
  }
  Result<void> expect(std::string_view spelling) {
    if (accept(spelling)) return {};
    return unexpected("`" + std::string(spelling) + "`");
  }

  // An error at the token here: "expected a register, found `x`".
  Error unexpected(std::string_view expected, std::string hint = {}) const;

 private:
  const std::vector<Token>& tokens_;
  std::size_t at_ = 0;
};

}  // namespace skep::text
