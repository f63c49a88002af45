// Who attached what: a file a process that says which links are skep's.
//
// The kernel knows a link by a number and not who made it. Before anything else happens a process
// writes what it attached to RUNTIME/skep/PID (RUNTIME is $XDG_RUNTIME_DIR, else /run), and takes
// the file away when it ends. What a killed process left is taken away by the next one that looks.
#pragma once

#include <string>
#include <vector>

#include "kernel/attach.hpp"

namespace skep::cli {

struct OwnedLink {
  u32 pid = 0;
  u32 id = 0;  // of the bpf_link; 0 for what the kernel has none for
  std::string program, hook, where;
};

class OwnedLinks {
 public:
  // Fault::denied or system when the file cannot be written: nothing is attached without an owner.
  static Result<OwnedLinks> record(const std::vector<kernel::Link>& links);
  OwnedLinks(OwnedLinks&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  OwnedLinks& operator=(OwnedLinks&&) = delete;
  ~OwnedLinks();

  // From now on they are pinned: the list outlives the process.
  Result<void> keep();

  // Of all processes that live, and those pinned as long as one of them is there.
  static std::vector<OwnedLink> all();

 private:
  explicit OwnedLinks(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace skep::cli
