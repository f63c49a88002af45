#include "base/json.hpp"

#include <charconv>
#include <cmath>

#include "skep/result.hpp"

namespace skep {
namespace {

void append_unicode_escape(std::string& out, u8 byte) {
  constexpr char kHex[] = "0123456789abcdef";
  out += "\\u00";
  out += kHex[byte >> 4];
  out += kHex[byte & 0xf];
}

// The escapes that have a letter (RFC 8259, 7), or 0.
char short_escape(char c) {
  switch (c) {
    case '"': return '"';
    case '\\': return '\\';
    case '\n': return 'n';
    case '\r': return 'r';
    case '\t': return 't';
    case '\b': return 'b';
    case '\f': return 'f';
  }
  return 0;
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const std::size_t length = utf8_sequence(text);
    const auto byte = static_cast<u8>(text[0]);
    if (length > 1) {
      out += text.substr(0, length);
    } else if (const char letter = short_escape(text[0])) {
      out += '\\';
      out += letter;
    } else if (length == 0 || byte < 0x20 || byte == 0x7f) {
      append_unicode_escape(out, byte);
    } else {
      out += text[0];
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

}  // namespace

std::size_t utf8_sequence(std::string_view text) {
  if (text.empty()) return 0;
  const auto first = static_cast<u8>(text[0]);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  u32 code = first & (0xffu >> (length + 1));
  for (std::size_t at = 1; at < length; ++at) {
    const auto byte = static_cast<u8>(text[at]);
    if ((byte & 0xc0) != 0x80) return 0;
    code = code << 6 | (byte & 0x3f);
  }
  const bool too_long = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  const bool surrogate = code >= 0xd800 && code < 0xe000;
  return too_long || surrogate || code > 0x10ffff ? 0 : length;
}

std::string json_quoted(std::string_view text) {
  std::string out;
  append_quoted(out, text);
  return out;
}

void JsonWriter::separate() {
  if (needs_comma_) text_ += ',';
  needs_comma_ = true;
}

JsonWriter& JsonWriter::open(char bracket) {
  separate();
  text_ += bracket;
  ++depth_;
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  EXPECT(depth_ > 0);
  --depth_;
  text_ += bracket;
  needs_comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  append_quoted(text_, name);
  text_ += ':';
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::literal(std::string_view text) {
  separate();
  text_ += text;
  return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
  separate();
  append_quoted(text_, text);
  return *this;
}

JsonWriter& JsonWriter::value(double number) {
  if (!std::isfinite(number)) return null();
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  return literal({digits, end});
}

JsonWriter& JsonWriter::rounded(double number, int digits) {
  if (!std::isfinite(number)) return null();
  char text[400];  // the largest double has 309 digits
  const auto end =
      std::to_chars(text, text + sizeof text, number, std::chars_format::fixed, digits).ptr;
  return literal({text, end});
}

std::string JsonWriter::take() {
  EXPECT(depth_ == 0);
  needs_comma_ = false;
  return std::exchange(text_, {});
}

}  // namespace skep
