#include "cli/child.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace skep::cli {
namespace {

// A byte opens the gate; its end means that the parent is gone.
[[noreturn]] void wait_and_become(const std::string& command, int gate) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  char byte = 0;
  if (::read(gate, &byte, 1) != 1) ::_exit(127);
  ::prctl(PR_SET_PDEATHSIG, 0);
  ::execl("/bin/sh", "sh", "-c", command.c_str(), static_cast<char*>(nullptr));
  ::_exit(127);
}

}  // namespace

Result<Child> Child::prepare(const std::string& command) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return system_error("make", "a pipe", errno);
  Fd read = Fd::adopt(ends[0]), write = Fd::adopt(ends[1]);
  const pid_t pid = ::fork();
  if (pid < 0) return system_error("start", command, errno);
  if (pid == 0) {
    ::close(write.get());
    wait_and_become(command, read.get());
  }
  return Child(pid, std::move(write));
}

void Child::start() { (void)!::write(gate_.get(), "s", 1); }

bool Child::has_ended() {
  if (ended_ || pid_ < 0) return true;
  if (::waitpid(pid_, &status_, WNOHANG) != pid_) return false;
  ended_ = true;
  return true;
}

Child::~Child() {
  if (pid_ < 0 || ended_) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

}  // namespace skep::cli
