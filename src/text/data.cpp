#include "text/data.hpp"

#include <algorithm>
#include <bit>

#include "base/text.hpp"

namespace skep::text {
namespace {

constexpr u64 kSectionBytesMax = u64{1} << 28;

Result<void> put(Cursor& cursor, Section& section, u64 value, u64 bytes) {
  TRY(make_room(cursor, section, bytes));
  for (u64 at = 0; at < bytes; ++at) {
    section.data.push_back(static_cast<std::byte>(value >> (8 * at)));
  }
  return {};
}

Result<void> read_symbol(Cursor& cursor, Section& section, u64 bytes) {
  const Token& symbol = cursor.peek();
  if (bytes < 4) return error_at(symbol.place, "a symbol has 4 or 8 bytes");
  cursor.take();
  if (cursor.is("-") || cursor.is("+")) return cursor.unexpected("no arithmetic with symbols");
  using Kind = AssembledReference::Kind;
  section.references.push_back({bytes == 4 ? Kind::data32 : Kind::data64, section.data.size(),
                                std::string(symbol.spelling)});
  return put(cursor, section, 0, bytes);
}

Result<void> read_integer(Cursor& cursor, Section& section, u64 bytes) {
  const bool negative = cursor.accept("-");
  if (cursor.peek().kind != Token::Kind::number) return cursor.unexpected("a number or a symbol");
  const Token& token = cursor.take();
  const u64 limit = bytes == 8 ? ~u64{0} : (u64{1} << (8 * bytes)) - 1;
  if (token.magnitude > (negative ? limit / 2 + 1 : limit)) {
    return error_at(token.place,
                    format("`{}` does not fit in {}", token.spelling, counted(bytes, "byte")));
  }
  return put(cursor, section, negative ? u64{0} - token.magnitude : token.magnitude, bytes);
}

// The character that an escape stands for; `rest` begins behind the backslash and loses what was
// read. The escapes that LLVM writes: \n \t \r \b \f \\ \" and up to three octal digits.
Result<std::byte> read_escape(const Token& token, std::string_view& rest) {
  constexpr std::string_view kLetters = "ntrbf\\\"", kMeanings = "\n\t\r\b\f\\\"";
  if (const std::size_t letter = kLetters.find(rest[0]); letter != std::string_view::npos) {
    rest.remove_prefix(1);
    return static_cast<std::byte>(kMeanings[letter]);
  }
  u32 value = 0;
  std::size_t digits = 0;
  for (; digits < std::min<std::size_t>(3, rest.size()); ++digits) {
    if (rest[digits] < '0' || rest[digits] > '7') break;
    value = value * 8 + static_cast<u32>(rest[digits] - '0');
  }
  if (digits == 0 || value > 0xff) return error_at(token.place, "unknown escape in this text");
  rest.remove_prefix(digits);
  return static_cast<std::byte>(value);
}

}  // namespace

Error mixed_section(std::string_view name) {
  return {Fault::unsupported, format("section {} has both data and instructions", name),
          "put the data in a section of its own"};
}

Result<void> make_room(Cursor& cursor, const Section& section, u64 more) {
  if (!section.layout.empty()) return mixed_section(section.name);
  if (section.data.size() + more <= kSectionBytesMax) return {};
  return error_at(cursor.peek().place, "a section has at most 256 MiB");
}

Result<u64> read_count(Cursor& cursor) {
  if (cursor.peek().kind != Token::Kind::number) return cursor.unexpected("a number");
  const Token& token = cursor.take();
  if (token.magnitude <= kSectionBytesMax) return token.magnitude;
  return error_at(token.place, "a section has at most 256 MiB");
}

Result<void> read_zeros(Cursor& cursor, Section& section) {
  const u64 bytes = TRY(read_count(cursor));
  TRY(make_room(cursor, section, bytes));
  section.data.resize(section.data.size() + bytes);
  return {};
}

Result<void> read_alignment(Cursor& cursor, Section& section, Alignment given) {
  constexpr u64 kExponentMax = 16;
  const Token& token = cursor.peek();
  const u64 count = TRY(read_count(cursor));
  const bool exponent = given == Alignment::exponent;
  const u64 unit = exponent ? u64{1} << std::min(count, kExponentMax + 1) : count;
  if (!std::has_single_bit(unit) || unit > u64{1} << kExponentMax) {
    return error_at(token.place, "alignment is a power of two up to 65536");
  }
  if (section.is_code()) return {};  // by its nature
  section.data.resize((section.data.size() + unit - 1) / unit * unit);
  return {};
}

Result<void> read_integers(Cursor& cursor, Section& section, u64 bytes) {
  do {
    if (cursor.peek().kind == Token::Kind::word) {
      TRY(read_symbol(cursor, section, bytes));
    } else {
      TRY(read_integer(cursor, section, bytes));
    }
  } while (cursor.accept(","));
  return {};
}

Result<void> read_characters(Cursor& cursor, Section& section, u64 terminators) {
  do {
    if (cursor.peek().kind != Token::Kind::text) return cursor.unexpected("a text in quotes");
    const Token& token = cursor.take();
    TRY(make_room(cursor, section, token.spelling.size() + terminators));
    for (std::string_view rest = token.spelling; !rest.empty();) {
      const char c = rest[0];
      rest.remove_prefix(1);
      section.data.push_back(c == '\\' ? TRY(read_escape(token, rest)) : static_cast<std::byte>(c));
    }
    section.data.resize(section.data.size() + terminators);
  } while (cursor.accept(","));
  return {};
}

}  // namespace skep::text
