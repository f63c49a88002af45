// The programs of an object that others jump to.
#pragma once

#include "object/object.hpp"

namespace skep::object {

// Those that its maps name at the start, by name; one that is named twice is there twice.
std::vector<std::string> tail_call_targets(const Object& object);

}  // namespace skep::object
