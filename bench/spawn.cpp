#include "spawn.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>

#include "base/fd.hpp"
#include "base/text.hpp"

namespace skep::bench {
namespace {

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

}  // namespace

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

}  // namespace skep::bench
