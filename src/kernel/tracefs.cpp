#include "kernel/tracefs.hpp"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <set>

#include "base/fd.hpp"
#include "base/text.hpp"

namespace skep::kernel {
namespace {

constexpr std::size_t kListBytesMax = std::size_t{64} << 20;  // of all functions: a few MB

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(folder.c_str()), ::closedir);
  if (!open) return names;
  while (const dirent* entry = ::readdir(open.get())) {
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  return names;
}

Error no_tracepoint(const std::string& events, const std::string& category,
                    const std::string& name) {
  const bool has_category = ::access((events + category).c_str(), F_OK) == 0;
  const auto names = names_in(has_category ? events + category : events);
  std::string hint = did_you_mean(has_category ? name : category, {names.begin(), names.end()});
  if (hint.empty()) hint = format("ls {} lists them", events);
  return {Fault::absent, format("this kernel has no tracepoint {}/{}", category, name),
          std::move(hint)};
}

// Lines "name [module]", or of symbols "address T name [module]".
std::set<std::string> matching(std::string_view text, std::string_view pattern, bool are_symbols) {
  std::set<std::string> out;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (are_symbols) {
      const std::size_t kind = line.find(' ');
      if (kind == std::string_view::npos || kind + 3 > line.size()) continue;
      const char letter = line[kind + 1];
      if (letter != 't' && letter != 'T') continue;
      line.remove_prefix(kind + 3);
    }
    const std::string_view name = line.substr(0, line.find_first_of(" \t"));
    if (matches_pattern(name, pattern)) out.emplace(name);
  }
  return out;
}

}  // namespace

Result<std::string> tracefs() {
  for (const char* folder : {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"}) {
    if (::access(format("{}/events", folder).c_str(), F_OK) == 0) return std::string(folder);
  }
  if (::access("/sys/kernel/tracing", X_OK) != 0) {
    return Error(Fault::denied,
                 "/sys/kernel/tracing cannot be read, where the kernel lists its tracepoints",
                 "run as root; raw tracepoints (SEC(\"raw_tp/NAME\")) do without it");
  }
  return Error(Fault::absent, "tracefs is not mounted, where the kernel lists its tracepoints",
               "mount -t tracefs tracefs /sys/kernel/tracing");
}

Result<u64> tracepoint_id(const std::string& category, const std::string& name) {
  const std::string events = TRY(tracefs()) + "/events/";
  auto text = read_text(format("{}{}/{}/id", events, category, name));
  if (!text.ok() && text.error().fault == Fault::absent)
    return no_tracepoint(events, category, name);
  const std::string line = TRY(std::move(text));
  const auto number = parse_unsigned(std::string_view(line).substr(0, line.find('\n')));
  if (!number)
    return Error(Fault::malformed, format("{}/{}: its id is '{}'", category, name, line));
  return *number;
}

Result<std::vector<std::string>> functions_matching(std::string_view pattern) {
  std::set<std::string> found;
  const auto folder = tracefs();
  const auto traced = folder.ok()
                          ? read_text(*folder + "/available_filter_functions", kListBytesMax)
                          : Result<std::string>(folder.error());
  if (traced.ok()) {
    found = matching(*traced, pattern, false);
  } else {
    found = matching(TRY(read_text("/proc/kallsyms", kListBytesMax)), pattern, true);
  }
  if (!found.empty()) return std::vector<std::string>(found.begin(), found.end());
  return Error(Fault::absent, format("no function of this kernel matches {}", pattern));
}

}  // namespace skep::kernel
