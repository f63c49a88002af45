// What this kernel and this process's privileges allow, tried and not guessed.
//
// Out: one Feature for each program type, map kind, attach type, kind of link, helper of a program
// type, instruction set and what else programs ask for; with the release that first had it, and,
// where it is not there, why and what to do. A feature is tried by the smallest right thing
// (kernel/trials.hpp) where bpf(2) answers to such; where attaching would touch the machine, the
// kernel's own types say whether it knows the name. Nothing is attached.
#pragma once

#include <string>
#include <vector>

#include "kernel/trials.hpp"

namespace skep::kernel {

// The headings of bpftool's `feature probe`, and ours.
enum class Section : u8 {
  system_config,
  syscall_config,
  program_types,
  map_types,
  attach_types,
  link_types,
  helpers,
  instructions,
  misc,
  count_
};
std::string_view name_of(Section section);  // "program_types"

enum class There : u8 { yes, no, unknown };

struct Feature {
  Section section = Section::misc;
  std::string name;  // "xdp"
  std::string of;    // helpers: the program type that may call it
  There there = There::unknown;
  std::string since;   // first kernel release with it; empty when that is not known
  std::string value;   // system_config: what it is set to
  std::string reason;  // why it is not there
  std::string hint;    // what to do about that
};

// All of them, by section. Needs CAP_BPF and more for most; what cannot be tried for want of a
// privilege says which.
std::vector<Feature> probe_features();

// What the user engine has, which needs no privilege: program types, map kinds, helpers.
std::vector<Feature> features_without_privilege();

// The release of the running kernel: "6.18.44-fc"; and whether it is before `since`, "6.4".
std::string kernel_release();
bool is_before(std::string_view release, std::string_view since);

}  // namespace skep::kernel
