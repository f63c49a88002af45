// From the name of a structure to a member deep inside: "mm.pgd", as a programmer says it.
//
// Members of unnamed structures count as those of the structure around them; an array stands for
// its first element. Where the path goes through a pointer, offsets begin anew.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "btf/types.hpp"

namespace skep::btf {

// A piece of the path without a pointer on the way.
struct Stretch {
  TypeId root = kVoid;  // the structure that it begins in
  std::string path;     // "se.run_node"
  TypeId type = kVoid;  // of what stands there
  u64 bit_offset = 0;   // from the start of the root
  u32 bit_size = 0;     // 0: not a bit-field
};

// At least one stretch. Fault::absent says who has no such member, with the nearest.
Result<std::vector<Stretch>> follow_path(const Types& types, TypeId root, std::string_view path);

}  // namespace skep::btf
