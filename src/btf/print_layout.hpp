// A type for people who ask how it lies in memory: as C, with the offset and the size of each
// member behind it, and the holes between them.
//
// The form is that of pahole: "/* offset size */", of a bit-field "/* offset:bit size */" with the
// unit that it lies in, a mark where a line of the cache begins, and sums at the end.
#pragma once

#include <string>

#include "base/json.hpp"
#include "btf/types.hpp"

namespace skep::btf {

// A structure, union, enum, typedef, function, variable or number; ends with a line. Types need not
// be checked. Fault::exhausted: too long to be read.
Result<std::string> layout_text(const Types& types, TypeId id);

// The same as members of a JSON object that is open: docs/manual/json.md, "skep btf find".
Result<void> layout_json(const Types& types, TypeId id, JsonWriter& json);

}  // namespace skep::btf
