#include "kernel/guard.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace skep::kernel {
namespace {

[[noreturn]] void stand_guard(int pipe, std::vector<int> keeps, const std::function<void()>& undo) {
  ::setsid();  // Ctrl-C ends the parent only
  std::ranges::sort(keeps);
  unsigned next = 0;
  for (const int keep : keeps) {
    if (static_cast<unsigned>(keep) > next) ::close_range(next, static_cast<unsigned>(keep) - 1, 0);
    next = static_cast<unsigned>(keep) + 1;
  }
  ::close_range(next, ~0u, 0);
  char byte = 0;
  ssize_t got = 0;
  do got = ::read(pipe, &byte, 1);
  while (got < 0 && errno == EINTR);
  if (got <= 0) undo();
  ::_exit(0);
}

}  // namespace

Result<std::unique_ptr<Guard>> Guard::start(std::function<void()> undo, std::vector<int> needs) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return system_error("make", "a pipe", errno);
  Fd read = Fd::adopt(ends[0]), write = Fd::adopt(ends[1]);
  needs.push_back(read.get());
  const pid_t child = ::fork();
  if (child < 0) return system_error("start", "a guard process", errno);
  if (child == 0) stand_guard(read.get(), std::move(needs), undo);
  return std::unique_ptr<Guard>(new Guard(std::move(undo), std::move(write), child));
}

Guard::~Guard() {
  if (child_ == 0) return;
  undo_();
  dismiss();
}

void Guard::dismiss() {
  (void)!::write(pipe_.get(), "d", 1);
  while (::waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
  }
  child_ = 0;
}

}  // namespace skep::kernel
