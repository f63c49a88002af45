// The special fields of the maps of one program, as the kernel that takes it sees them.
//
// platform/map_fields.hpp found them by the program's own types. What a pointer points to is a
// structure of the kernel, if it has one of that name, and an object of the program's own
// otherwise; one that owns a reference needs a type that the kernel knows how to give back
// (btf_parse_kptr in kernel/bpf/btf.c).
#pragma once

#include <vector>

#include "btf/types.hpp"
#include "platform/map_kinds.hpp"

namespace skep::verify {

struct MapField : platform::SpecialField {
  btf::TypeId kernel_type = btf::kVoid;  // of a pointer into the kernel: its structure there
};

struct MapFields {
  std::vector<MapField> all;  // by rising offset
  std::string problem;        // why there are none although there should be

  bool has(platform::SpecialKinds kinds) const;
  // The first of these kinds, or the one that is at `offset`; or null.
  const MapField* first(platform::SpecialKinds kinds) const;
  const MapField* at(s64 offset, platform::SpecialKinds kinds) const;
};

// Without the kernel's types, pointers have none.
MapFields fields_of(const platform::MapSpec& map, const btf::Types* kernel);

// Whether the kernel frees objects of this type only when nobody reads them any more: a pointer to
// one that was loaded in an RCU section is good for all of it (rcu_protected_types in
// kernel/bpf/verifier.c).
bool is_rcu_protected(const MapField& field);

}  // namespace skep::verify
