// The command behind -c: started when everything is attached, so that nothing of it is missed.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/fd.hpp"

namespace skep::cli {

// A process that waits until start(), then becomes the command (/bin/sh -c, as the shell reads it).
// It is killed when this goes before it has ended.
class Child {
 public:
  static Result<Child> prepare(const std::string& command);
  Child(Child&& other) noexcept
      : pid_(std::exchange(other.pid_, -1)), gate_(std::move(other.gate_)) {}
  Child& operator=(Child&&) = delete;
  ~Child();

  pid_t pid() const { return pid_; }
  void start();
  // Whether it has ended; its exit status is then in status().
  bool has_ended();
  int status() const { return status_; }

 private:
  Child(pid_t pid, Fd gate) : pid_(pid), gate_(std::move(gate)) {}
  pid_t pid_;
  Fd gate_;
  int status_ = 0;
  bool ended_ = false;
};

}  // namespace skep::cli
