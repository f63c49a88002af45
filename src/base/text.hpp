// Making text without iostreams: g++ 12 has no std::format, and the core takes no library for it.
//
// format("section {} has {} bytes", name, size) replaces each {} by the next argument; {:x} prints
// an integer in hexadecimal without prefix. Too few or too many arguments abort: the pattern is
// ours, not the input's.
#pragma once

#include <concepts>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "base/types.hpp"

namespace skep {

using TextArgument = std::variant<s64, u64, double, char, std::string_view>;

std::string format_arguments(std::string_view pattern,
                             std::initializer_list<TextArgument> arguments);

template <class T>
TextArgument text_argument(const T& value) {
  if constexpr (std::is_same_v<T, char>) {
    return value;
  } else if constexpr (std::is_enum_v<T>) {
    return text_argument(static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (std::is_floating_point_v<T>) {
    return static_cast<double>(value);
  } else if constexpr (std::is_signed_v<T> && std::is_integral_v<T>) {
    return static_cast<s64>(value);
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<u64>(value);
  } else {
    return std::string_view(value);
  }
}

template <class... Arguments>
std::string format(std::string_view pattern, const Arguments&... arguments) {
  return format_arguments(pattern, {text_argument(arguments)...});
}

// "1 packet", "3 packets".
std::string counted(u64 count, std::string_view noun);

// 1204567 as "1,204,567".
std::string grouped(u64 value);

std::string join(const std::vector<std::string>& parts, std::string_view separator);

// An unsigned number in decimal, 0x hexadecimal or 0b binary; a sign is allowed for `parse_signed`.
// The whole text must be the number.
std::optional<u64> parse_unsigned(std::string_view text);
std::optional<s64> parse_signed(std::string_view text);

std::string_view trimmed(std::string_view text);

// With spaces behind it up to `width` characters.
std::string padded(std::string text, std::size_t width);

// The distinct names closest to `wanted` by edit distance, nearest first, of those equally near the
// earlier ones; those too far away to be meant are left out.
std::vector<std::string_view> nearest(std::string_view wanted,
                                      const std::vector<std::string_view>& known,
                                      std::size_t limit = 3);

// "did you mean flows or flow?", or an empty text when nothing is near.
std::string did_you_mean(std::string_view wanted, const std::vector<std::string_view>& known);

// Whether all of `name` matches a pattern in which * stands for any text and ? for one character.
bool matches_pattern(std::string_view name, std::string_view pattern);

}  // namespace skep
