// Special fields as a table, and how they are found in a map's value by its BTF type.
//
// In: types of a program and the id of a structure or of a section of variables. Out: the fields in
// order of their offsets, or why the kernel finds none: then it makes the map all the same, the
// bytes are bytes, and every call that wants such a field is refused (map_check_btf in
// kernel/bpf/syscall.c; libbpf makes a map without types when the kernel refuses it with them).
#pragma once

#include "btf/types.hpp"
#include "platform/map_kinds.hpp"

namespace skep::platform {

enum class HowMany : u8 { one, many };

struct SpecialRow {
  std::string_view name;  // of the structure, or the type tag
  u32 bytes = 0;
  u32 alignment = 0;  // elsewhere it is no field
  HowMany how_many = HowMany::one;
  MapKinds maps = 0;       // whose values may have it
  std::string_view since;  // first kernel release with it
};
const SpecialRow& row(SpecialKind kind);

struct FoundFields {
  std::vector<SpecialField> fields;
  std::string problem;  // why there are none although the type has some; else empty
};

// Those of a structure or section. At most 11: more are a problem.
FoundFields find_fields(const btf::Types& types, btf::TypeId type, SpecialKinds wanted);

// Sets `fields` and `fields_problem` of a map, and of the maps in it.
void find_fields(const btf::Types& types, MapSpec& map);

}  // namespace skep::platform
