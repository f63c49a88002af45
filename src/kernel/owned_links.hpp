// Who attached what: a file an attachment that says which links are skep's.
//
// The kernel knows a link by a number and not who made it. A process writes to RUNTIME/skep/PID.N
// (RUNTIME is $XDG_RUNTIME_DIR, else /run) what it is about to attach, then what it attached, and
// takes the file away when it has detached: at no moment is there something attached of which no
// file says whose it is. What a killed process left is taken away by the next one that looks.
#pragma once

#include <string>
#include <vector>

#include "kernel/attach.hpp"

namespace skep::kernel {

struct OwnedLink {
  u32 pid = 0;
  u32 id = 0;  // of the bpf_link; 0 for what the kernel has none for, or that is being attached
  std::string program, hook, where;
};

class OwnedLinks {
 public:
  // Before a program is attached. Fault::denied or system when the file cannot be written: nothing
  // is attached without an owner.
  static Result<OwnedLinks> begin();
  // What will be attached next, and then that it was.
  Result<void> intend(std::string_view program, Hook hook);
  Result<void> record(const Link& link);
  OwnedLinks(OwnedLinks&& other) noexcept
      : file_(std::move(other.file_)), path_(std::exchange(other.path_, {})) {}
  OwnedLinks& operator=(OwnedLinks&& other) noexcept;
  ~OwnedLinks();

  // Before it is pinned: the list outlives the process if it is killed, as long as one of its
  // links is there; and when it is: it outlives the process.
  Result<void> intend_to_pin();
  void keep() { path_.clear(); }

  // Of all processes that live, and those pinned as long as one of them is there.
  static std::vector<OwnedLink> all();

 private:
  OwnedLinks(Fd file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}
  Result<void> write(std::string_view line);

  Fd file_;
  std::string path_;  // empty: not to be taken away
};

}  // namespace skep::kernel
