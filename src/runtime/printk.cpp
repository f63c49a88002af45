#include "runtime/printk.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "base/foreign.hpp"

namespace skep::runtime {
namespace {

constexpr s64 kInvalidFormat = -22;
constexpr std::size_t kTextBytesMax = 1023;  // MAX_BPRINTF_BUF less its zero

// One conversion: flags, width and what follows.
struct Layout {
  bool zeros = false;  // 0
  bool left = false;   // -
  bool plus = false;   // +
  bool space = false;
  std::size_t width = 0;
};

bool is_end_of_word(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return c == 0 || std::isspace(byte) != 0 || std::ispunct(byte) != 0;
}

class Printer {
 public:
  Printer(std::string& text, std::string_view format, std::span<const u64> arguments)
      : text_(text), format_(format), arguments_(arguments) {}

  bool run() {
    while (at_ < format_.size()) {
      const char c = format_[at_++];
      const auto byte = static_cast<unsigned char>(c);
      if (byte < 0x80 && std::isprint(byte) == 0 && std::isspace(byte) == 0) return false;
      if (c != '%') {
        text_ += c;
      } else if (peek() == '%') {
        text_ += format_[at_++];
      } else if (!conversion()) {
        return false;
      }
    }
    return true;
  }

 private:
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < format_.size() ? format_[at_ + ahead] : '\0';
  }

  Layout layout() {
    Layout layout;
    for (;; ++at_) {
      const char c = peek();
      if (c != '0' && c != '+' && c != '-' && c != ' ') break;
      layout.zeros |= c == '0';
      layout.plus |= c == '+';
      layout.left |= c == '-';
      layout.space |= c == ' ';
    }
    for (; peek() >= '0' && peek() <= '9'; ++at_) {
      layout.width =
          std::min<std::size_t>(layout.width * 10 + static_cast<std::size_t>(peek() - '0'), 4096);
    }
    return layout;
  }

  bool conversion() {
    if (next_ == arguments_.size()) return false;
    const u64 argument = arguments_[next_++];
    const Layout how = layout();
    switch (peek()) {
      case 'c':
        ++at_;
        put(std::string(1, static_cast<char>(argument)), how);
        return true;
      case 's': ++at_; return is_end_of_word(peek()) && put(string_at(argument), how);
      case 'p': ++at_; return pointer(argument, how);
      default: return integer(argument, how);
    }
  }

  bool integer(u64 argument, const Layout& how) {
    u32 longs = 0;
    for (; longs < 2 && peek() == 'l'; ++longs) ++at_;
    const char kind = peek();
    ++at_;
    if (kind != 'd' && kind != 'i' && kind != 'u' && kind != 'x' && kind != 'X') return false;
    const bool is_signed = kind == 'd' || kind == 'i';
    if (longs == 0) {
      argument = is_signed ? static_cast<u64>(s64{static_cast<s32>(argument)})
                           : static_cast<u32>(argument);
    }
    const bool negative = is_signed && static_cast<s64>(argument) < 0;
    const u64 magnitude = negative ? ~argument + 1 : argument;
    std::array<char, 24> digits;
    const char* pattern = kind == 'x' ? "%llx" : kind == 'X' ? "%llX" : "%llu";
    std::snprintf(digits.data(), digits.size(), pattern,
                  static_cast<unsigned long long>(magnitude));
    const char* sign = negative ? "-" : !is_signed ? "" : how.plus ? "+" : how.space ? " " : "";
    return number(sign, digits.data(), how);
  }

  bool number(std::string sign, const std::string& digits, const Layout& how) {
    const std::size_t length = sign.size() + digits.size();
    if (how.zeros && !how.left && length < how.width) sign.append(how.width - length, '0');
    return put(sign + digits, how);
  }

  bool pointer(u64 argument, const Layout& how) {
    if ((peek() == 'k' || peek() == 'u') && peek(1) == 's') {
      at_ += 2;
      return is_end_of_word(peek()) && put(string_at(argument), how);
    }
    if ((peek() == 'i' || peek() == 'I') && (peek(1) == '4' || peek(1) == '6')) {
      const bool is_short = peek(1) == '4', is_pretty = peek() == 'I';
      at_ += 2;
      return put(is_short ? ipv4_at(argument, is_pretty) : ipv6_at(argument, is_pretty), how);
    }
    if (std::string_view("KxsSB").find(peek()) != std::string_view::npos && peek() != 0) {
      ++at_;
    } else if (!is_end_of_word(peek())) {
      return false;
    }
    std::array<char, 20> digits;
    std::snprintf(digits.data(), digits.size(), "%016llx",
                  static_cast<unsigned long long>(argument));
    return put(digits.data(), how);
  }

  // What cannot be read is empty, as the kernel has it.
  static std::string string_at(u64 address) {
    std::array<char, kTextBytesMax> bytes;
    const std::string_view readable(bytes.data(), copy_from_unknown(bytes, address));
    return std::string(readable.substr(0, readable.find('\0')));
  }

  // Pretty: 10.0.0.1; else 010.000.000.001.
  static std::string ipv4_at(u64 address, bool is_pretty) {
    std::array<char, 4> bytes{};
    if (copy_from_unknown(bytes, address) != bytes.size()) bytes = {};
    std::array<char, 16> text;
    const auto part = [&](std::size_t at) {
      return static_cast<unsigned>(static_cast<u8>(bytes[at]));
    };
    std::snprintf(text.data(), text.size(), is_pretty ? "%u.%u.%u.%u" : "%03u.%03u.%03u.%03u",
                  part(0), part(1), part(2), part(3));
    return text.data();
  }

  // Pretty: with colons; always all 32 digits.
  static std::string ipv6_at(u64 address, bool is_pretty) {
    std::array<char, 16> bytes{};
    if (copy_from_unknown(bytes, address) != bytes.size()) bytes = {};
    std::string text;
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      std::array<char, 4> digits;
      std::snprintf(digits.data(), digits.size(), "%02x",
                    static_cast<unsigned>(static_cast<u8>(bytes[at])));
      if (is_pretty && at != 0 && at % 2 == 0) text += ':';
      text += digits.data();
    }
    return text;
  }

  bool put(std::string piece, const Layout& how) {
    if (piece.size() < how.width)
      piece.insert(how.left ? piece.size() : 0, how.width - piece.size(), ' ');
    text_ += piece;
    return true;
  }

  std::string& text_;
  std::string_view format_;
  std::span<const u64> arguments_;
  std::size_t at_ = 0;
  std::size_t next_ = 0;
};

}  // namespace

s64 print(std::string& text, std::span<const char> format, std::span<const u64> arguments) {
  const auto end = std::ranges::find(format, '\0');
  if (end == format.end()) return kInvalidFormat;
  const std::string_view pattern(format.data(), static_cast<std::size_t>(end - format.begin()));
  if (!Printer(text, pattern, arguments).run()) return kInvalidFormat;
  const s64 length = static_cast<s64>(text.size());
  text.resize(std::min(text.size(), kTextBytesMax));
  return length;
}

}  // namespace skep::runtime
