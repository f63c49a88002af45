// Whether two files mean the same by one name: the type of a variable, function or map.
//
// As in libbpf: structures are compared member by member, but only by name where they stand behind
// a pointer, and there a declaration (struct flow;) is equal to the definition; lengths of arrays,
// signs of integers, qualifiers, and names of parameters and typedefs do not matter.
#pragma once

#include <optional>
#include <string>

#include "btf/types.hpp"

namespace skep::object::static_link {

// "`what` is `left` in one file and `right` in the other".
struct Difference {
  std::string what;
  std::string left, right;
};

// Of two variables or functions. Errors: types that take too long to compare.
Result<std::optional<Difference>> difference(const btf::Types& left, btf::TypeId left_id,
                                             const btf::Types& right, btf::TypeId right_id);

// Of two variables that define a map each. Errors: definitions that cannot be read.
Result<std::optional<Difference>> map_difference(const btf::Types& left, btf::TypeId left_id,
                                                 const btf::Types& right, btf::TypeId right_id);

}  // namespace skep::object::static_link
