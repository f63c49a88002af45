// The maps and programs that this process has in the kernel, as the kernel describes them, in a
// form that does not depend on who made them: names in the place of ids.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/types.hpp"

namespace skep::kernel_test {

struct KernelMap {
  std::string name;
  std::vector<u64> facts;             // type, sizes, entries, flags, extra, whether it has types
  std::vector<std::string> contents;  // of small arrays: values, or the names of what they hold

  friend bool operator==(const KernelMap&, const KernelMap&) = default;
};

struct KernelProgram {
  std::string name;
  std::string tag;
  std::vector<u64> facts;         // type, GPL, function and line records, target
  std::vector<std::string> code;  // as the kernel translated it

  friend bool operator==(const KernelProgram&, const KernelProgram&) = default;
};

struct Inventory {
  std::vector<KernelMap> maps;          // by name
  std::vector<KernelProgram> programs;  // by name
};

// Of all descriptors of this process that are not in `except`.
Inventory inventory(const std::vector<int>& except = {});

// Its descriptors for maps, programs, links and types.
std::vector<int> bpf_descriptors();

}  // namespace skep::kernel_test
