// An object's types as the kernel takes them.
//
// The kernel refuses types of what is defined elsewhere: extern variables and functions become
// defined ones, and the section .ksyms lists variables only, with sizes and offsets. Functions that
// other objects cannot see become static, so that they are verified with their callers. Ids and
// offsets of strings stay as they are, because line information and CO-RE refer to them. As in
// libbpf.
#pragma once

#include <vector>

#include "object/image.hpp"

namespace skep::object {

// The section; empty for an object without types.
Result<std::vector<std::byte>> kernel_types(const Image& image);

}  // namespace skep::object
