// How the time of a proof grows with a program's length, the rounds of its loop, the calls of a
// callback, and the branches that paths meet behind: growth.bpf.c has a program for each size. The
// plot is of text, with a scale that doubles, so that what grows with the size is a straight edge
// and what doubles with each branch is not.
#include <algorithm>
#include <cmath>

#include "base/text.hpp"
#include "figures.hpp"
#include "kernel_engine.hpp"
#include "object/object.hpp"
#include "verify/verify.hpp"

namespace skep::bench {
namespace {

constexpr u32 kTimes = 5;
constexpr double kPlotStart_us = 4;  // the least that has a bar

struct Sized {
  std::string name;  // "length_64"
  std::shared_ptr<const platform::Program> program;
  double ours_us = 0;  // the least of all rounds
  double kernel_us = 0;
};

void take_least(double& least, double value) {
  least = least == 0 ? value : std::min(least, value);
}

Result<void> measure_round(const std::string& path, std::vector<Sized>& programs) {
  for (Sized& each : programs) {
    const verify::Verdict verdict = verify::verify(each.program, {.rules = verify::Rules::kernel});
    if (!verdict.accepted()) return Error(Fault::rejected, each.name + " is rejected");
    take_least(each.ours_us, static_cast<double>(verdict.work.time_ns) / 1e3);
  }
  const auto times = KernelEngine::verification_us(path);
  if (!times.ok()) return {};
  EXPECT(times->size() == programs.size());
  for (std::size_t at = 0; at < programs.size(); ++at)
    take_least(programs[at].kernel_us, (*times)[at]);
  return {};
}

// Two characters for each doubling.
std::string bar(double us, char of) {
  const double doublings = std::log2(std::max(us, kPlotStart_us) / kPlotStart_us);
  return std::string(static_cast<std::size_t>(std::lround(2 * doublings)), of);
}

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(width, text.size()), ' ');
  return text;
}

void plot(Report& report, const std::vector<Sized>& programs) {
  constexpr std::size_t kNameWidth = 16, kTimeWidth = 12;
  for (const Sized& each : programs) {
    const auto line = [&](std::string_view who, double us, char of) {
      report.note(padded(std::string(who), kNameWidth) +
                  padded(format("{} us", std::lround(us)), kTimeWidth) + bar(us, of));
    };
    line(each.name, each.ours_us, '#');
    if (each.kernel_us != 0) line("  kernel", each.kernel_us, '.');
  }
}

}  // namespace

Result<void> growth(Report& report) {
  report.title("verify-growth: time to prove programs of growing sizes, beside the kernel");
  const std::string path = std::string(SKEP_BINARY_DIR) + "/bench/growth.bpf.o";
  const object::Object object = TRY(object::Object::open(path));
  std::vector<Sized> programs;
  for (const object::ProgramEntry& entry : object.programs())
    programs.push_back({entry.name, TRY(object.program(entry.name))});
  for (u32 round = 0; round < kTimes; ++round) TRY(measure_round(path, programs));
  for (const Sized& each : programs) {
    report.number(each.name, each.ours_us, "us");
    if (each.kernel_us != 0) report.number(each.name + ", kernel", each.kernel_us, "us");
  }
  plot(report, programs);
  return {};
}

}  // namespace skep::bench
