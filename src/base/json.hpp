// Writing JSON by appending: no tree, one growing text.
//
// The writer puts commas where they belong and escapes what must be; whoever calls it keeps objects
// and arrays in balance, which is checked. Output is always valid UTF-8: a byte of a string that is
// not part of a valid sequence becomes \u00XX, so that nothing a program recorded can break a
// reader, and no two inputs look the same that are not. Integers keep all their digits, also beyond
// 2^53. Follows RFC 8259.
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/types.hpp"

namespace skep {

class JsonWriter {
 public:
  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }

  // The name of the member that the next value becomes.
  JsonWriter& key(std::string_view name);

  JsonWriter& null() { return literal("null"); }
  JsonWriter& value(bool truth) { return literal(truth ? "true" : "false"); }
  JsonWriter& value(double number);  // null when it is not finite: JSON has no other word for it
  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  template <std::integral T>
  JsonWriter& value(T number) {
    return literal(std::to_string(number));
  }
  // A number with that many digits behind the point.
  JsonWriter& rounded(double number, int digits);

  template <class T>
  JsonWriter& member(std::string_view name, const T& of) {
    return key(name).value(of);
  }

  // Everything written so far; the writer is empty after it. Precondition: nothing is open.
  std::string take();

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  JsonWriter& literal(std::string_view text);
  void separate();

  std::string text_;
  u32 depth_ = 0;
  bool needs_comma_ = false;
};

// `text` as a JSON string, with its quotes.
std::string json_quoted(std::string_view text);

// Bytes of the well-formed UTF-8 sequence at the start of `text` (RFC 3629), 0 when there is none.
std::size_t utf8_sequence(std::string_view text);

}  // namespace skep
