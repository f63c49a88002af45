// A process that undoes what hangs on no descriptor, when this one is killed.
//
// In: what undoes it, agreed before it is done, so that there is no moment at which a SIGKILL
// leaves something behind. It waits at a pipe whose other end only this process has: a byte from
// there means that there is nothing to do any more, the end of the pipe that it must be done.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <vector>

#include "base/fd.hpp"

namespace skep::kernel {

class Guard {
 public:
  // `undo` must stand being called when nothing, or a part, was done. The guard keeps the
  // descriptors that it `needs` and no others.
  static Result<std::unique_ptr<Guard>> start(std::function<void()> undo, std::vector<int> needs);
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;
  // Undoes it here and ends the guard.
  ~Guard();

  // What was done shall stay: nobody undoes it from now on.
  void call_off() { dismiss(); }

 private:
  Guard(std::function<void()> undo, Fd pipe, pid_t child)
      : undo_(std::move(undo)), pipe_(std::move(pipe)), child_(child) {}
  void dismiss();

  std::function<void()> undo_;
  Fd pipe_;
  pid_t child_;  // 0: has ended
};

}  // namespace skep::kernel
