// What a loader program cannot do, by name.
#pragma once

#include "object/object.hpp"

namespace skep::object::light {

// The error names the map or program, says why, and what to do instead.
Result<void> check_map(const platform::MapSpec& map);
Result<void> check_program(const ProgramEntry& program);

}  // namespace skep::object::light
