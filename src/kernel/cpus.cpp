#include "kernel/cpus.hpp"

#include "base/fd.hpp"
#include "base/text.hpp"

namespace skep::kernel {
namespace {

constexpr u32 kNumbersEnd = 1u << 20;

std::optional<u32> take_number(std::string_view& text) {
  std::size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
  const auto number = parse_unsigned(text.substr(0, digits));
  text.remove_prefix(digits);
  if (!number || *number >= kNumbersEnd) return std::nullopt;
  return static_cast<u32>(*number);
}

Result<std::vector<u32>> read_cpus(const std::string& path) {
  const std::string list = TRY(read_text(path));
  auto cpus = parse_cpus(trimmed(list));
  if (cpus && !cpus->empty()) return std::move(*cpus);
  return Error(Fault::system,
               format("{}: expected a list of CPUs, found '{}'", path, trimmed(list)));
}

}  // namespace

std::optional<std::vector<u32>> parse_cpus(std::string_view list) {
  std::vector<u32> cpus;
  while (!list.empty()) {
    const auto first = take_number(list);
    if (!first || (!cpus.empty() && *first <= cpus.back())) return std::nullopt;
    auto last = first;
    if (list.starts_with('-')) {
      list.remove_prefix(1);
      last = take_number(list);
    }
    if (!last || *last < *first) return std::nullopt;
    for (u32 cpu = *first; cpu <= *last; ++cpu) cpus.push_back(cpu);
    if (list.starts_with(',') && list.size() > 1) {
      list.remove_prefix(1);
    } else if (!list.empty()) {
      return std::nullopt;
    }
  }
  return cpus;
}

Result<u32> possible_cpus() {
  return static_cast<u32>(TRY(read_cpus("/sys/devices/system/cpu/possible")).size());
}

u32 possible_cpus_if_known() {
  const auto cpus = possible_cpus();
  return cpus.ok() ? *cpus : 0;
}

Result<std::vector<u32>> online_cpus() { return read_cpus("/sys/devices/system/cpu/online"); }

}  // namespace skep::kernel
