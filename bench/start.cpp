// How long `skep run` takes on a small capture, from spawn to exit, and how much memory it has.
//
// Wall time, since that is what a user waits for. The largest resident set is what wait4(2) says;
// Linux counts the memory of the process that called exec there too, so it is never below ours.
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>

#include "base/fd.hpp"
#include "base/text.hpp"
#include "figures.hpp"

namespace skep::bench {
namespace {

constexpr u32 kStarts = 41;
constexpr const char* kSkep = SKEP_BINARY_DIR "/skep";

struct Start {
  double milliseconds = 0;
  double megabytes = 0;
};

Result<pid_t> spawn_silent(std::vector<std::string> words) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  const int error =
      ::posix_spawn(&child, words[0].c_str(), &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return system_error("start", words[0], error);
  return child;
}

Result<Start> start_once(const std::vector<std::string>& words) {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  const pid_t child = TRY(spawn_silent(words));
  int status = 0;
  struct rusage usage {};
  if (::wait4(child, &status, 0, &usage) != child) return system_error("wait for", words[0], errno);
  const std::chrono::duration<double, std::milli> elapsed = Clock::now() - begin;
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return Error(Fault::system, format("{} {} failed", words[0], words[1]));
  }
  return Start{elapsed.count(), static_cast<double>(usage.ru_maxrss) / 1024};
}

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
