// What is known of instructions (.BTF.ext), after they and their types have moved: functions,
// source lines and CO-RE relocations.
#pragma once

#include "object/static_link/types.hpp"

namespace skep::object::static_link {

// The section; empty when no input knows anything. Texts are added to the types.
std::vector<std::byte> merge_btf_ext(std::span<const Input> inputs, const Sections& sections,
                                     MergedTypes& types);

}  // namespace skep::object::static_link
