// Types as they are written down, a line each: ids, sizes, offsets in bits. The text is that of
// `bpftool btf dump file FILE`, the JSON its -j, one object a type.
//
// Nothing has to be checked before: a name that is not there is "(invalid)", a list ends where the
// bytes do.
#pragma once

#include <string>
#include <string_view>

#include "btf/types.hpp"

namespace skep::btf {

// "STRUCT", as in BTF_KIND_STRUCT; "UNKNOWN" for void.
std::string_view raw_name(Kind kind);

// "[21] STRUCT 'flow_key' size=40 vlen=6" with its members in lines of their own; ends with a line.
std::string raw_text(const Types& types, TypeId id);
// {"id":21,"kind":"STRUCT",...}, without the end of the line.
std::string raw_json(const Types& types, TypeId id);

}  // namespace skep::btf
