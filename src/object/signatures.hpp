// What the types say of a global function: the promise on which it is verified apart from its
// callers.
//
// Follows the kernel's btf_prepare_func_args: numbers and enums, a pointer to the program type's
// context structure (or tagged "arg:ctx"), and pointers to types of a known size, which may be null
// unless tagged "arg:nonnull".
#pragma once

#include <optional>
#include <string_view>

#include "btf/types.hpp"
#include "object/tags.hpp"
#include "platform/program.hpp"

namespace skep::object {

// Nothing when the types do not know the function.
std::optional<platform::Signature> signature_of(const btf::Types& types, const Tags& tags,
                                                std::string_view function,
                                                platform::ProgramType type);

}  // namespace skep::object
