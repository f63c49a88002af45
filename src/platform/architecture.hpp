// The machines that code is made for. Both compilers are in every build, so either's code can be
// looked at on the other.
#pragma once

#include <string_view>

#include "base/enum_array.hpp"
#include "base/types.hpp"

namespace skep::platform {

enum class Architecture : u8 { x86_64, aarch64, count_ };

// As users write them.
inline constexpr EnumArray<Architecture, std::string_view> kArchitectures({
    {Architecture::x86_64, "x86-64"},
    {Architecture::aarch64, "aarch64"},
});

// The one that skep itself was built for.
#if defined(__aarch64__)
inline constexpr Architecture kThisArchitecture = Architecture::aarch64;
#else
inline constexpr Architecture kThisArchitecture = Architecture::x86_64;
#endif

}  // namespace skep::platform
