// .BTF.ext of what was rewritten: function types, source lines and CO-RE relocations, where their
// instructions are now.
//
// Instructions that were copied take their records with them, those that are gone leave none, and a
// new one has the line of the instruction that it stands for. As the kernel wants it, each function
// begins with a line when any of it has one.
#pragma once

#include "optimize/layout.hpp"

namespace skep::optimize {

// Empty when the object has none.
std::vector<std::byte> write_information(const object::Object& object, const Layout& layout);

}  // namespace skep::optimize
