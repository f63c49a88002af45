// What a linker would write into the debug sections of a relocatable object.
#pragma once

#include <span>

#include "base/bytes.hpp"

namespace skep::dwarf {

// Adds to `bytes` what the RELA entries ask for. Places of thread-local variables are left alone,
// as no type depends on them; machines and kinds of relocation that are not known are refused.
Result<void> relocate(std::span<std::byte> bytes, Bytes entries, Bytes symbols, u16 machine);

}  // namespace skep::dwarf
