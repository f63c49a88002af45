// The programs of an object: our verdict on each, by the kernel's rules, beside the kernel's.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "btf/targets.hpp"
#include "selftests/verdict_table.hpp"

namespace skep::selftests {

struct ObjectVerdicts {
  std::vector<Comparison> all;
  std::map<std::string, u32> not_comparable;  // programs, by reason
};

// Programs that `ask_kernel` lets through are loaded into it, one at a time, and let go again; what
// is pinned by name is refused. `label` goes in front of the names.
struct Question {
  std::string label;
  const btf::Targets& targets;
  bool ask_kernel = true;
};
void compare_object(const Question& question, Bytes file, ObjectVerdicts& to);

}  // namespace skep::selftests
