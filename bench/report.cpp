#include "report.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <memory>

#include "base/json.hpp"
#include "base/text.hpp"

namespace skep::bench {
namespace {

// The first line that `command` prints, or nothing.
std::string first_line_of(const std::string& command) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(::popen(command.c_str(), "r"),
                                                             ::pclose);
  char line[256] = {};
  if (!pipe || std::fgets(line, sizeof(line), pipe.get()) == nullptr) return {};
  return std::string(trimmed(line));
}

std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) {
      return std::string(trimmed(line.substr(line.find(':') + 1)));
    }
  }
  return "unknown processor";
}

std::string machine() {
  struct utsname kernel {};
  ::uname(&kernel);
  return skep::format("{}, {} CPUs, {} {}", processor(), ::sysconf(_SC_NPROCESSORS_ONLN),
                      std::string_view(kernel.sysname), std::string_view(kernel.release));
}

bool is_met(const Goal& goal, double value) {
  return goal.side == Goal::Side::at_least ? value >= goal.value : value < goal.value;
}

std::string verdict(const std::optional<Goal>& goal, double value) {
  if (!goal) return {};
  char text[64];
  std::snprintf(text, sizeof(text), "   goal %s %g: %s",
                goal->side == Goal::Side::at_least ? ">=" : "<", goal->value,
                is_met(*goal, value) ? "met" : "MISSED");
  return text;
}

void add_goal(JsonWriter& json, const std::optional<Goal>& goal, double value) {
  if (goal) json.member("goal", goal->value).member("met", is_met(*goal, value));
}

void put(JsonWriter& json) { std::puts(json.end_object().take().c_str()); }

}  // namespace

void Report::opening(const std::string& command) {
  const std::string commit =
      first_line_of("git -C '" SKEP_SOURCE_DIR "' describe --always --dirty");
  const std::string date = first_line_of("date -u +%Y-%m-%dT%H:%MZ");
  if (format_ == Format::json) {
    JsonWriter json;
    json.begin_object().member("machine", machine()).member("commit", commit);
    json.member("date", date).member("command", command);
    return put(json);
  }
  std::printf("machine  %s\ncommit   %s\ndate     %s\ncommand  %s\n", machine().c_str(),
              commit.c_str(), date.c_str(), command.c_str());
}

void Report::title(std::string_view figure) {
  figure_ = figure;
  if (format_ == Format::text) std::printf("\n%s\n", figure_.c_str());
}

void Report::value(std::string_view what, const Samples& samples, std::string_view unit,
                   std::optional<Goal> goal) {
  const double middle = median(samples);
  if (format_ == Format::json) {
    JsonWriter json;
    json.begin_object().member("figure", figure_).member("what", what);
    json.key("median").rounded(middle, 4).member("unit", unit);
    json.member("samples", samples.size());
    add_goal(json, goal, middle);
    return put(json);
  }
  std::printf("  %-46.*s %10.3f %.*s%s\n", static_cast<int>(what.size()), what.data(), middle,
              static_cast<int>(unit.size()), unit.data(), verdict(goal, middle).c_str());
  std::fflush(stdout);
}

void Report::ratio(std::string_view what, const Ratio& ratio, std::optional<Goal> goal) {
  if (format_ == Format::json) {
    JsonWriter json;
    json.begin_object().member("figure", figure_).member("what", what);
    json.key("ratio").rounded(ratio.value, 3).key("low").rounded(ratio.low, 3);
    json.key("high").rounded(ratio.high, 3);
    add_goal(json, goal, ratio.value);
    return put(json);
  }
  std::printf("  %-46.*s %9.2fx  [%.2f, %.2f]%s\n", static_cast<int>(what.size()), what.data(),
              ratio.value, ratio.low, ratio.high, verdict(goal, ratio.value).c_str());
  std::fflush(stdout);
}

void Report::number(std::string_view what, double value, std::string_view unit,
                    std::optional<Goal> goal) {
  if (format_ == Format::json) {
    JsonWriter json;
    json.begin_object().member("figure", figure_).member("what", what);
    json.key("value").rounded(value, 3).member("unit", unit);
    add_goal(json, goal, value);
    return put(json);
  }
  std::printf("  %-46.*s %10.2f %.*s%s\n", static_cast<int>(what.size()), what.data(), value,
              static_cast<int>(unit.size()), unit.data(), verdict(goal, value).c_str());
  std::fflush(stdout);
}

void Report::note(std::string_view text) {
  if (format_ == Format::text) {
    std::printf("  (%.*s)\n", static_cast<int>(text.size()), text.data());
  }
}

}  // namespace skep::bench
