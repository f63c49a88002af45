// A command that is stopped at its system calls (ptrace(2)), to be killed at any of them.
#pragma once

#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <vector>

#include "base/types.hpp"

namespace skep::kernel {

inline constexpr int kSystemCallStop = SIGTRAP | 0x80;  // with PTRACE_O_TRACESYSGOOD

class StoppedCommand {
 public:
  explicit StoppedCommand(const std::vector<std::string>& words) : pid_(::fork()) {
    if (pid_ == 0) execute(words);
    ::waitpid(pid_, &status_, 0);
    ::ptrace(PTRACE_SETOPTIONS, pid_, nullptr, PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD);
  }
  ~StoppedCommand() {
    if (WIFEXITED(status_) || WIFSIGNALED(status_)) return;
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, &status_, 0) == pid_ && !WIFSIGNALED(status_)) {
    }
  }
  StoppedCommand(const StoppedCommand&) = delete;
  StoppedCommand& operator=(const StoppedCommand&) = delete;

  // To the `moments`th entry or end of a system call behind the first program that it loads, or
  // until it waits for events. How many there were.
  u64 go(u64 moments) {
    u64 seen = 0;
    bool has_begun = false;
    while (seen < moments && next()) {
      __ptrace_syscall_info call{};
      ::ptrace(PTRACE_GET_SYSCALL_INFO, pid_, sizeof(call), &call);
      const bool is_entry = call.op == PTRACE_SYSCALL_INFO_ENTRY;
      if (is_entry && has_begun && (call.entry.nr == SYS_poll || call.entry.nr == SYS_ppoll)) break;
      has_begun |= is_entry && call.entry.nr == __NR_bpf && call.entry.args[0] == 5;
      if (has_begun) ++seen;
    }
    return seen;
  }
  bool has_ended() const { return WIFEXITED(status_) || WIFSIGNALED(status_); }
  pid_t pid() const { return pid_; }

 private:
  [[noreturn]] static void execute(const std::vector<std::string>& words) {
    std::vector<char*> arguments;
    for (const std::string& each : words) arguments.push_back(const_cast<char*>(each.c_str()));
    arguments.push_back(nullptr);
    const int nothing = ::open("/dev/null", O_RDWR);
    ::dup2(nothing, 0), ::dup2(nothing, 1), ::dup2(nothing, 2);
    ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  // To the next stop at a system call; other signals go on to the process.
  bool next() {
    int signal = 0;
    do {
      if (::ptrace(PTRACE_SYSCALL, pid_, nullptr, signal) != 0) return false;
      if (::waitpid(pid_, &status_, 0) != pid_ || has_ended()) return false;
      signal = WSTOPSIG(status_);
    } while (signal != kSystemCallStop);
    return true;
  }

  pid_t pid_;
  int status_ = 0;
};

}  // namespace skep::kernel
