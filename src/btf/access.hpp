// The way into a type that a field relocation names, here and in a target.
//
// clang writes "0:1:2": element 0 of what the pointer points to, then the members and elements by
// number. Only two kinds of step mean something elsewhere: a member by its name, and an element by
// its index; anonymous structures on the way are looked through. parse() checks such a text against
// the local types; match() finds the same way in a target type, or says at which step there is
// none. Both follow bpf_core_parse_spec and bpf_core_spec_match of relo_core.c of Linux 6.1.
#pragma once

#include "btf/compatible.hpp"

namespace skep::btf {

struct AccessStep {
  TypeId type = kVoid;      // of a member: the structure it is in; of an element: its own type
  u32 index = 0;            // of the member in it, or of the element
  std::string_view name{};  // of the member; empty: an element
};

struct Access {
  std::vector<AccessStep> steps;  // at least one: the element of what the root is taken to point to
  u64 bit_offset = 0;
  u32 depth = 0;  // steps, anonymous ones counted

  const AccessStep& last() const { return steps.back(); }
};

// Where a way ends that the target does not have.
struct Mismatch {
  enum class Why : u8 { no_member, other_type, not_an_array, too_few_elements };
  Why why = Why::no_member;
  u32 step = 0;       // of the local access: the first that fails
  TypeId at = kVoid;  // in the target: no_member: the type that has no such member; else: what
                      // stands there instead
};

// What a target has of an access: all of it, or the beginning and where it ends.
struct Matched {
  Access access;
  std::optional<Mismatch> mismatch;
};

// `text` with respect to `root` of the local types. Fault::malformed.
Result<Access> parse_access(const Machine& local, TypeId root, std::string_view text);

Result<Matched> match_access(const Machine& local, const Access& access, const Machine& target,
                             TypeId candidate, Effort& effort);

// ".mm.pgd[3]", behind the name of the root.
std::string path_text(std::span<const AccessStep> steps);

}  // namespace skep::btf
