// From text to bytes, by the types that the object carries: what `--set MAP KEY=VALUE` writes.
//
// Takes what is printed (events/show.hpp): numbers, addresses, prefixes, enumerators, protocols,
// MACs, strings, durations with a unit; network-order numbers as people say them; a structure as
// its members separated by commas, in braces where it stands inside another. Without a type: a
// number of up to eight bytes, or pairs of hexadecimal digits. Fault::usage says what was expected.
#pragma once

#include <string_view>
#include <vector>

#include "btf/types.hpp"
#include "platform/map_kinds.hpp"

namespace skep::events {

// `size` bytes for a value of `type`; `name` is that of the variable or empty.
Result<std::vector<std::byte>> encode(const btf::Types& types, btf::TypeId type, u32 size,
                                      std::string_view text, std::string_view name = {});

}  // namespace skep::events
