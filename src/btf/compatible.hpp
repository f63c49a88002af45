// When a type of one program may stand for a type of another: the three relations of CO-RE.
//
// All look through typedefs and qualifiers. fields_compatible() asks little: the kind of thing that
// a member is. types_compatible() (for TYPE_EXISTS, TYPE_SIZE, TYPE_ID_TARGET) follows pointers,
// arrays and parameters, and ignores names below the root. types_match() (for TYPE_MATCHES) asks
// for everything: names, sizes, signs, members. The rules are those of
// bpf_core_fields_are_compat, bpf_core_types_are_compat and bpf_core_types_match in
// tools/lib/bpf/relo_core.c and libbpf.c of Linux 6.1; the roots' names are compared by the caller.
#pragma once

#include "btf/targets.hpp"

namespace skep::btf {

// What comparisons may cost: hostile types make them arbitrarily long. Types are nested at most
// as deep as the kernel allows.
class Effort {
 public:
  explicit Effort(u64 steps) : left_(steps) {}
  // Fault::exhausted when `steps` are more than is left.
  Result<void> spend(u64 steps);

 private:
  u64 left_;
};

Result<bool> fields_compatible(const Types& local, TypeId local_id, const Types& target,
                               TypeId target_id, Effort& effort);
Result<bool> types_compatible(const Types& local, TypeId local_id, const Types& target,
                              TypeId target_id, Effort& effort);
Result<bool> types_match(const Types& local, TypeId local_id, const Types& target, TypeId target_id,
                         Effort& effort);

}  // namespace skep::btf
