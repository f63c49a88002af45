#include "cli/duration.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <ctime>

#include "base/text.hpp"
#include "cli/interrupt.hpp"

namespace skep::cli {
namespace {

struct Unit {
  std::string_view name;
  double ns;
};
constexpr Unit kUnits[] = {{"", 1e9},  {"ns", 1},   {"us", 1e3},  {"ms", 1e6},
                           {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}};
constexpr double kNsMax = 365.0 * 24 * 3600 * 1e9;
constexpr u64 kSliceNs = 20'000'000;  // how late Ctrl-C may be seen

}  // namespace

std::optional<u64> parse_duration(std::string_view text) {
  double number = 0;
  const auto parsed =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (parsed.ec != std::errc() || !std::isfinite(number) || number < 0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(parsed.ptr - text.data()));
  const auto* const unit = std::ranges::find(kUnits, trimmed(text), &Unit::name);
  if (unit == std::end(kUnits) || number * unit->ns > kNsMax) return std::nullopt;
  return static_cast<u64>(number * unit->ns);
}

Result<u64> duration_ns(const Arguments& arguments, Flag flag, u64 otherwise) {
  const auto word = arguments.text(flag);
  if (!word) return otherwise;
  const auto ns = parse_duration(*word);
  if (ns && *ns > 0) return *ns;
  return Error(Fault::usage, format("{} is a duration, not '{}'", row(flag).name, *word),
               "a number and a unit: 500ms, 10s, 2m; without one, seconds");
}

u64 monotonic_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<u64>(now.tv_sec) * 1'000'000'000 + static_cast<u64>(now.tv_nsec);
}

void sleep_until(u64 then) {
  for (u64 now = monotonic_ns(); now < then && !is_interrupted(); now = monotonic_ns()) {
    const timespec slice{0, static_cast<long>(std::min(then - now, kSliceNs))};
    ::nanosleep(&slice, nullptr);
  }
}

}  // namespace skep::cli
