// How long `skep run` takes on a small capture, from spawn to exit, and how much memory it has.
#include "figures.hpp"
#include "spawn.hpp"

namespace skep::bench {
namespace {

constexpr u32 kStarts = 41;
constexpr const char* kSkep = SKEP_BINARY_DIR "/skep";

}  // namespace

Result<void> start(Report& report) {
  report.title("start: skep run flows.bpf.o --pcap web.pcap, spawn to exit");
  const std::vector<std::string> run = {kSkep, "run", SKEP_SOURCE_DIR "/build/bpf/flows.bpf.o",
                                        "--pcap", SKEP_SOURCE_DIR "/tests/data/web.pcap"};
  Samples milliseconds, megabytes, nothing;
  TRY(start_once(run));
  for (u32 at = 0; at < kStarts; ++at) {
    const Start one = TRY(start_once(run));
    milliseconds.push_back(one.milliseconds);
    megabytes.push_back(one.megabytes);
    nothing.push_back(TRY(start_once({kSkep, "--version"})).milliseconds);
  }
  report.value("time", milliseconds, "ms", below(15));
  report.value("time of skep --version", nothing, "ms");
  report.value("largest resident set", megabytes, "MB", below(15));
  return {};
}

}  // namespace skep::bench
