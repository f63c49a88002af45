// Who holds what is loaded: processes by their descriptors, and paths where it is pinned.
//
// In: /proc (which descriptors are programs, maps, links or types, and their ids) and the mounts of
// type bpf in /proc/self/mountinfo. Out: for each id, who has it. Processes that this one may not
// look into are counted, not hidden; the walk over paths is bounded, and says when it was cut.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "kernel/bpf.hpp"

namespace skep::kernel {

struct Owner {
  u32 pid = 0;
  std::string comm;

  friend bool operator==(const Owner&, const Owner&) = default;
};

struct Owners {
  std::map<u32, std::vector<Owner>> of[4];  // by Kind and id; each process once
  u64 closed_processes = 0;                 // whose descriptors may not be read

  const std::vector<Owner>& at(Kind kind, u32 id) const;
};
Owners owners();

struct Pins {
  std::map<u32, std::vector<std::string>>
      of[4];            // by Kind and id; paths in the order of their names
  bool is_cut = false;  // there are more files than the walk's bound

  const std::vector<std::string>& at(Kind kind, u32 id) const;
};
Pins pins();

// What a descriptor is; nullopt for what is none of the four.
std::optional<Kind> kind_of(const Fd& fd);

// The mount points of file systems of `type` that this process sees.
std::vector<std::string> mounts_of(std::string_view type);

}  // namespace skep::kernel
