#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <numeric>

#include "skep/result.hpp"

namespace skep {
namespace {

struct AppendTo {
  std::string& out;
  bool hexadecimal;

  template <class Integer>
  void integer(Integer value) const {
    char digits[24];
    const auto end =
        std::to_chars(digits, digits + sizeof digits, value, hexadecimal ? 16 : 10).ptr;
    out.append(digits, end);
  }
  void operator()(s64 value) const { integer(value); }
  void operator()(u64 value) const { integer(value); }
  void operator()(double value) const {
    char digits[32];
    const auto end =
        std::to_chars(digits, digits + sizeof digits, value, std::chars_format::fixed, 1).ptr;
    out.append(digits, end);
  }
  void operator()(char value) const { out.push_back(value); }
  void operator()(std::string_view value) const { out.append(value); }
};

// Levenshtein's distance of two names of at most kNameMax, or something above `bound` if it is
// above that.
constexpr std::size_t kNameMax = 256;  // longer ones take longer than a message is worth

u32 edit_distance(std::string_view a, std::string_view b, u32 bound) {
  std::array<u32, kNameMax + 1> row;
  std::iota(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(b.size()) + 1, 0u);
  for (u32 i = 1; i <= a.size(); ++i) {
    u32 diagonal = std::exchange(row[0], i), least = i;
    for (u32 j = 1; j <= b.size(); ++j) {
      const u32 substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min(std::min(row[j], row[j - 1]) + 1, substituted);
      least = std::min(least, row[j]);
    }
    if (least > bound) return least;
  }
  return row[b.size()];
}

// Which letters a name has, by the low bits of each. An edit brings or takes one of them at most,
// so that names of which one has more letters that the other has not than edits are allowed need
// not be compared.
u64 letters_of(std::string_view name) {
  u64 out = 0;
  for (const char letter : name) out |= u64{1} << (static_cast<u8>(letter) & 63);
  return out;
}
bool are_too_different(u64 a, u64 b, u32 bound) {
  return std::popcount(a & ~b) > static_cast<int>(bound) ||
         std::popcount(b & ~a) > static_cast<int>(bound);
}

// The nearest names so far, nearest first.
class Nearest {
 public:
  Nearest(std::string_view wanted, std::size_t limit)
      : wanted_(wanted),
        letters_(letters_of(wanted)),
        limit_(limit),
        furthest_(std::max<u32>(2, static_cast<u32>(wanted.size() / 3))) {}

  void offer(std::string_view name) {
    if (wanted_.size() > 2 && name.starts_with(wanted_)) {
      insert({1, static_cast<u32>(name.size() - wanted_.size()), name});
      return;
    }
    const u32 bound =
        best_.size() < limit_ ? furthest_ : std::min(furthest_, best_.back().distance);
    if (std::max(wanted_.size(), name.size()) > kNameMax || name.size() > wanted_.size() + bound ||
        wanted_.size() > name.size() + bound ||
        are_too_different(letters_, letters_of(name), bound))
      return;
    const u32 distance = edit_distance(wanted_, name, bound);
    if (distance <= furthest_) insert({distance, 0, name});
  }

  std::vector<std::string_view> names() const {
    std::vector<std::string_view> out;
    for (const Ranked& each : best_) out.push_back(each.name);
    return out;
  }

 private:
  struct Ranked {
    u32 distance;  // what begins with `wanted` counts as one edit away
    u32 rest;      // and of these, the shorter first
    std::string_view name;
    std::pair<u32, u32> rank() const { return {distance, rest}; }
  };

  void insert(const Ranked& found) {
    const auto at = std::ranges::upper_bound(best_, found.rank(), {}, &Ranked::rank);
    if (best_.size() == limit_ && at == best_.end()) return;
    if (std::ranges::find(best_, found.name, &Ranked::name) != best_.end()) return;
    best_.insert(at, found);
    if (best_.size() > limit_) best_.pop_back();
  }

  std::string_view wanted_;
  u64 letters_;
  std::size_t limit_;
  u32 furthest_;
  std::vector<Ranked> best_;
};

}  // namespace

void expectation_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "skep: internal error: %s (%s:%d)\n", condition, file, line);
  std::abort();
}

std::string format_arguments(std::string_view pattern,
                             std::initializer_list<TextArgument> arguments) {
  std::string out;
  auto next = arguments.begin();
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    if (pattern[at] != '{') {
      out.push_back(pattern[at]);
      continue;
    }
    const std::size_t close = pattern.find('}', at);
    EXPECT(close != std::string_view::npos && next != arguments.end());
    std::visit(AppendTo{out, pattern.substr(at + 1, close - at - 1) == ":x"}, *next++);
    at = close;
  }
  EXPECT(next == arguments.end());
  return out;
}

std::string counted(u64 count, std::string_view noun) {
  return format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string grouped(u64 value) {
  std::string digits = std::to_string(value);
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, 1, ',');
  return digits;
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (const std::string& part : parts) {
    if (!out.empty()) out += separator;
    out += part;
  }
  return out;
}

std::optional<u64> parse_unsigned(std::string_view text) {
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) base = 16;
  if (text.starts_with("0b") || text.starts_with("0B")) base = 2;
  if (base != 10) text.remove_prefix(2);
  u64 value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (fault != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

std::optional<s64> parse_signed(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const auto magnitude = parse_unsigned(text);
  if (!magnitude || *magnitude > (u64{1} << 63) - (negative ? 0 : 1)) return std::nullopt;
  return static_cast<s64>(negative ? 0 - *magnitude : *magnitude);
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::string padded(std::string text, std::size_t width) {
  text.append(width > text.size() ? width - text.size() : 0, ' ');
  return text;
}

std::vector<std::string_view> nearest(std::string_view wanted,
                                      const std::vector<std::string_view>& known,
                                      std::size_t limit) {
  Nearest out(wanted, limit);
  for (std::string_view name : known) out.offer(name);
  return out.names();
}

std::string did_you_mean(std::string_view wanted, const std::vector<std::string_view>& known) {
  std::string out;
  for (std::string_view name : nearest(wanted, known)) {
    out += out.empty() ? "did you mean " : " or ";
    out += name;
  }
  if (!out.empty()) out += "?";
  return out;
}

bool matches_pattern(std::string_view name, std::string_view pattern) {
  std::size_t at = 0, in = 0, star = std::string_view::npos, retry = 0;
  while (at < name.size()) {
    if (in < pattern.size() && (pattern[in] == '?' || pattern[in] == name[at])) {
      ++at;
      ++in;
    } else if (in < pattern.size() && pattern[in] == '*') {
      star = in++;
      retry = at;
    } else if (star != std::string_view::npos) {
      in = star + 1;
      at = ++retry;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', in) == std::string_view::npos;
}

}  // namespace skep
